package seqdserver

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoHistory says that the sources of an earlier release are not at hand: this is
// no clone with its history.
var ErrNoHistory = errors.New("the sources of the release are not in the history of this clone")

// BuildRelease builds the seqd of an earlier commit into a folder.
func BuildRelease(commit, folder string) (string, error) {
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("%w: git: %w", ErrNoHistory, err)
	}
	root := strings.TrimSpace(string(top))
	if err := exec.Command("git", "-C", root, "cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		return "", fmt.Errorf("%w: commit %s: %w", ErrNoHistory, commit, err)
	}
	sources, err := exec.Command("git", "-C", root, "archive", commit).Output()
	if err != nil {
		return "", err
	}
	unpack := exec.Command("tar", "-x", "-C", folder)
	unpack.Stdin = bytes.NewReader(sources)
	if out, err := unpack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tar: %w\n%s", err, out)
	}
	bin := filepath.Join(folder, "seqd-"+commit)
	build := exec.Command("go", "build", "-trimpath", "-o", bin, "./cmd/seqd")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of %s: %w\n%s", commit, err, out)
	}
	return bin, nil
}
