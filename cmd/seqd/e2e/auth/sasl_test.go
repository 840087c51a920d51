package auth

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestSASLDialogue: messages of SCRAM that are wrong in one place, put to both. The
// user is one that nobody knows, which must not show before the very end.
func TestSASLDialogue(t *testing.T) {
	pg, seqd, _ := both(t)
	const rules = "host all all all scram-sha-256"
	pg.rules(t, rules)
	seqd.rules(t, rules)
	proof := base64.StdEncoding.EncodeToString(make([]byte, 32))
	const good = "n,,n=,r=abc"
	dialogues := []struct{ mechanism, first, final string }{
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,x=y,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p=" + proof + ","},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p=" + proof + ",x=y"},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p=AAAA"},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p="},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,p=!" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE"},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,"},
		{"SCRAM-SHA-256", good, "c=biws,r=abc,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCEx,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws"},
		{"SCRAM-SHA-256", good, "c"},
		{"SCRAM-SHA-256", good, "r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", good, "c=eSws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", good, "c=,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,1=y,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws,r=NONCE,\xff=y,p=" + proof},
		{"SCRAM-SHA-256", good, "c=biws\x00,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", "n,,n=joe,r=abc,e=x", "c=biws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", "y,,n=,r=abc", "c=eSws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", "y,,n=,r=abc", "c=biws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", "n,,n=,r=", "c=biws,r=NONCE,p=" + proof},
		{"SCRAM-SHA-256", "x,,n=,r=abc", ""},
		{"SCRAM-SHA-256", "\x01", ""},
		{"SCRAM-SHA-256", "n", ""},
		{"SCRAM-SHA-256", "n,", ""},
		{"SCRAM-SHA-256", "n,,", ""},
		{"SCRAM-SHA-256", "nn,,n=,r=abc", ""},
		{"SCRAM-SHA-256", "n,a=joe,n=,r=abc", ""},
		{"SCRAM-SHA-256", "n,x,n=,r=abc", ""},
		{"SCRAM-SHA-256", "n,,m=x,n=,r=abc", ""},
		{"SCRAM-SHA-256", "n,,r=abc", ""},
		{"SCRAM-SHA-256", "n,,n", ""},
		{"SCRAM-SHA-256", "n,,n=", ""},
		{"SCRAM-SHA-256", "n,,n=,r", ""},
		{"SCRAM-SHA-256", "n,,n=,r=a\x7fc", ""},
		{"SCRAM-SHA-256", "n,,n=,r=abc,e", ""},
		{"SCRAM-SHA-256", "n,,n=,r=abc,1=x", ""},
		{"SCRAM-SHA-256", "n,,n=,r=abc\x00", ""},
		{"SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", ""},
		{"SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc", ""},
		{"SCRAM-SHA-1", good, ""},
		{"", good, ""},
	}
	for _, d := range dialogues {
		want, got := pg.dialogue(t, d.mechanism, d.first, d.final), seqd.dialogue(t, d.mechanism, d.first, d.final)
		if got != want {
			t.Errorf("%q:\n      seqd: %s\nPostgreSQL: %s", d, got, want)
		}
	}
}

// dialogue is what came back, with the challenge's nonce and salt left out.
func (j *judged) dialogue(t *testing.T, mechanism, first, final string) string {
	t.Helper()
	conn, err := net.Dial("tcp", j.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": fmt.Sprintf("nobody %d", len(first+final)), "database": "postgres"}})
	_ = f.Flush() // a failure shows when nothing comes
	var seen []string
	for {
		msg, err := f.Receive()
		if err != nil {
			return strings.Join(append(seen, "closed"), "; ")
		}
		switch m := msg.(type) {
		case *pgproto3.AuthenticationSASL:
			seen = append(seen, strings.Join(m.AuthMechanisms, " "))
			f.Send(&pgproto3.SASLInitialResponse{AuthMechanism: mechanism, Data: []byte(first)})
		case *pgproto3.AuthenticationSASLContinue:
			nonce, factors, _ := strings.Cut(strings.TrimPrefix(string(m.Data), "r="), ",")
			seen = append(seen, fmt.Sprintf("challenge of %d, %s", len(factors), factors[len(factors)-len(",i=4096"):]))
			f.Send(&pgproto3.SASLResponse{Data: []byte(strings.ReplaceAll(final, "NONCE", nonce))})
		case *pgproto3.ErrorResponse:
			seen = append(seen, fmt.Sprintf("%s %s %s | %s | %s", m.Severity, m.Code, m.Message, m.Detail, m.Hint))
			if m.Code == "28P01" {
				seen[len(seen)-1] = "28P01"
			}
		default:
			seen = append(seen, fmt.Sprintf("%T", msg))
		}
		_ = f.Flush()
	}
}
