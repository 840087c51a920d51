// Package report prints what a client sees.
package report

import (
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

// Section begins a part.
func Section(name string) { fmt.Println("#", name) }

// Must ends the program.
func Must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// Failure shows an error as the driver gives it.
func Failure(what string, err error) {
	var x *pgconn.PgError
	var q *pq.Error
	switch {
	case err == nil:
		fmt.Println(what, "no error")
	case errors.As(err, &x):
		fmt.Println(what, x.Severity, x.Code, x.Message, x.Detail, x.Hint, x.Position)
	case errors.As(err, &q):
		fmt.Println(what, q.Severity, q.Code, q.Message, q.Detail, q.Hint, q.Position)
	default:
		fmt.Println(what, err)
	}
}
