package bench

import (
	"os"
	"testing"

	"seqd/cmd/seqd/e2e/nullserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

func TestMain(m *testing.M) {
	nullserver.RunIfAsked()
	code := m.Run()
	seqdserver.CleanUp()
	os.Exit(code)
}
