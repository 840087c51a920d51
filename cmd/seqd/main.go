// Command seqd is a sequence server: it hands out PostgreSQL sequence values over
// the PostgreSQL wire protocol. This package only joins the parts and handles
// signals; see docs/architecture.md.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"seqd/cmd/seqd/config"
)

// version is what `seqd version` and the ready line say.
const version = "0.1.0"

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	cli, command, err := config.Parse(args, os.Stdout, os.Stderr, os.Exit)
	if err != nil {
		fmt.Fprintf(os.Stderr, "seqd: %v\n", err)
		fmt.Fprintln(os.Stderr, "seqd --help lists the flags.")
		return exitUsage
	}
	switch {
	case command == "version":
		fmt.Println("seqd", version)
	case command == "trial":
		err = trial(&cli.Trial, os.Stdout)
	case strings.HasPrefix(command, "backup "):
		err = backup(&cli.Backup, os.Stdout, os.Stderr)
	case strings.HasPrefix(command, "restore "):
		err = restore(&cli.Restore, os.Stdin, os.Stdout, os.Stderr)
	case command == "cluster recover":
		err = recoverCluster(&cli.Cluster, os.Stdout)
	case strings.HasPrefix(command, "bench"):
		err = benchmark(&cli.Bench, args, os.Stdout, os.Stderr)
	case strings.HasPrefix(command, "cert"):
		err = makeCertificates(&cli.Cert, os.Stdout)
	case strings.HasPrefix(command, "cluster "):
		err = administer(command, &cli.Cluster, os.Stdout)
	default:
		err = serve(&cli.Serve)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "seqd: %v\n", err)
		if usage := new(config.UsageError); errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}
