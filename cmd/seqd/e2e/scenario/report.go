package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Compare sets a server's outputs against the file, and returns a report of what
// differs, or "" if nothing does. outs may be short after playErr.
func Compare(c *Case, outs [][]string, seqd bool, playErr error) string {
	var b strings.Builder
	bad := playErr != nil
	for i, s := range c.Steps {
		for _, l := range s.Input() {
			fmt.Fprintf(&b, "    %s\n", l)
		}
		if i >= len(outs) {
			break
		}
		want, got := s.Want(seqd), outs[i]
		if seqd && s.NotYet != "" {
			want = []string{"(refused with 0A000: " + s.NotYet + ")"}
			if refused(got) {
				continue
			}
		}
		if slices.Equal(want, got) {
			continue
		}
		bad = true
		for _, l := range diff(want, got) {
			fmt.Fprintf(&b, "      %s\n", l)
		}
	}
	if !bad {
		return ""
	}
	if playErr != nil {
		fmt.Fprintf(&b, "    %v\n", playErr)
	}
	return b.String()
}

// refused tells whether a statement was answered with feature_not_supported.
func refused(out []string) bool {
	return slices.ContainsFunc(out, func(l string) bool {
		return strings.HasPrefix(l, "ERROR: 0A000: ") || strings.HasPrefix(l, "ErrorResponse ") && strings.Contains(l, `"Code":"0A000"`)
	})
}

// diff marks lines that are only in want with "-" and those only in got with "+".
func diff(want, got []string) []string {
	// Longest common subsequence; outputs are short.
	n, m := len(want), len(got)
	lcs := make([][]int, n+1)
	for i := range lcs {
		lcs[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if want[i] == got[j] {
				lcs[i][j] = lcs[i+1][j+1] + 1
			} else {
				lcs[i][j] = max(lcs[i+1][j], lcs[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && want[i] == got[j]:
			out = append(out, "  "+want[i])
			i, j = i+1, j+1
		case j >= m || i < n && lcs[i+1][j] >= lcs[i][j+1]:
			out = append(out, "- "+want[i])
			i++
		default:
			out = append(out, "+ "+got[j])
			j++
		}
	}
	return out
}

// Record puts PostgreSQL's outputs into the case. A statement whose output is
// marked as different on purpose keeps seqd's side and its reason.
func Record(c *Case, outs [][]string) {
	for i, s := range c.Steps {
		if s.Runs(false) {
			s.Postgres = outs[i]
		}
	}
}

// Tally counts what was compared.
type Tally struct {
	Cases, Statements, Equal, Different, NotYet int
}

// Add counts a case that was as the file says.
func (t *Tally) Add(c *Case) {
	t.Cases++
	for _, s := range c.Steps {
		t.Statements++
		switch {
		case s.NotYet != "":
			t.NotYet++
		case s.Seqd != nil:
			t.Different++
		default:
			t.Equal++
		}
	}
}

// Sum is the line for the end of a run.
func (t *Tally) Sum(version string) string {
	line := fmt.Sprintf("%d cases, %d statements, %d equal to PostgreSQL %s, %d deliberate differences",
		t.Cases, t.Statements, t.Equal, version, t.Different)
	if t.NotYet > 0 {
		line += fmt.Sprintf(", %d not served yet (refused with 0A000)", t.NotYet)
	}
	return line
}

// NeedsDisk tells whether the case stops its server and goes on.
func (c *Case) NeedsDisk() bool {
	return slices.ContainsFunc(c.Steps, func(s *Step) bool { return s.Kind == Action && s.Session == "" })
}
