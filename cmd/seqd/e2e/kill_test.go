package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/audit"
	"seqd/cmd/seqd/e2e/seqdserver"
)

var kills = flag.Int("kills", defaultKills(), "number of kill -9 in TestKill9 (default: $KILLS, or 200)")

func defaultKills() int {
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil && n > 0 {
		return n
	}
	return 200
}

const (
	killClients = 8
	// stopEvery is how often a life ends by SIGTERM instead of a kill.
	stopEvery = 10
)

// killSequences are drawn from at random: both directions, steps, and CACHE.
var killSequences = []audit.Sequence{
	{Name: "one", Start: 1, Increment: 1, Cache: 1, Min: 1, Max: 1 << 40},
	{Name: "ten", Start: 1, Increment: 1, Cache: 10, Min: 1, Max: 1 << 40},
	{Name: "down", Start: -1, Increment: -3, Cache: 1, Min: -1 << 40, Max: -1},
	{Name: "sevens", Start: 5, Increment: 7, Cache: 10, Min: 5, Max: 1 << 40},
}

// TestKill9 kills a working seqd over and over. Half of the draws are in open
// transactions. No value may come twice, and what is lost must stay within the
// declared budget; a clean stop may lose only what sessions hold in their caches.
func TestKill9(t *testing.T) {
	n := *kills
	if testing.Short() {
		n = min(n, 20)
	}
	for _, tt := range []struct {
		name      string
		prelogMax int64
		kills     int
	}{
		{"prelog-max 4096", 4096, n - n/5},
		{"prelog-max 0", 0, n / 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKiller(t, tt.prelogMax)
			for k.kills < tt.kills && !t.Failed() {
				k.life(t)
			}
			k.judge(t)
			fmt.Println(k.summary())
		})
	}
}

// killer runs one server through many lives, and remembers all that its clients saw.
type killer struct {
	server    *seqdserver.Server
	prelogMax int64
	epoch     time.Time
	rng       *rand.Rand

	lives, kills, startKills, stops int
	sessions                        int
	next                            map[string]int64 // position at the start of this life
	draws                           map[string][]audit.Draw
	total, duplicates               int
	lostMax                         map[int64]int64 // most values of a sequence lost by a kill, by CACHE
	stopLost                        int64           // lost by clean stops beyond the sessions' caches
	slowest                         time.Duration
}

func newKiller(t *testing.T, prelogMax int64) *killer {
	server, err := seqdserver.Start(seqdserver.Options{
		DataDir: t.TempDir(),
		Args:    []string{"--prelog-max", strconv.FormatInt(prelogMax, 10)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	k := &killer{
		server: server, prelogMax: prelogMax, epoch: time.Now(),
		rng:  rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)),
		next: map[string]int64{}, draws: map[string][]audit.Draw{}, lostMax: map[int64]int64{},
	}
	conn := k.connect(t)
	defer conn.Close(context.Background())
	for _, s := range killSequences {
		sql := fmt.Sprintf("CREATE SEQUENCE %s INCREMENT %d START %d MINVALUE %d MAXVALUE %d CACHE %d", s.Name, s.Increment, s.Start, s.Min, s.Max, s.Cache)
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		k.next[s.Name] = s.Start
	}
	return k
}

func (k *killer) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, k.server.DSN())
	if err != nil {
		t.Fatalf("life %d: %v\n%s", k.lives, err, k.server.Tail())
	}
	return conn
}

// life lets clients draw for a while, ends the server, starts it again, and
// accounts for the values in between.
func (k *killer) life(t *testing.T) {
	k.lives++
	clients := make([]*drawer, killClients)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for i := range clients {
		k.sessions++
		c := newDrawer(k, i)
		clients[i] = c
		wg.Go(func() { c.run(ctx) })
	}
	time.Sleep(time.Duration(20+k.rng.IntN(130)) * time.Millisecond)

	clean := k.lives%stopEvery == 0
	if clean {
		k.stops++
		cancel() // clients finish what they are at: then no value is on its way
		wg.Wait()
		if err := k.server.Stop(); err != nil {
			t.Fatal(err)
		}
	} else {
		k.kills++
		if err := k.server.Kill9(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
	for _, c := range clients {
		if c.err != nil {
			t.Errorf("life %d: %v", k.lives, c.err)
		}
	}
	k.restart(t)
	k.account(t, clients, clean)
}

// restart starts the server again; now and then it is killed on the way.
func (k *killer) restart(t *testing.T) {
	for k.rng.IntN(20) == 0 {
		k.kills++
		k.startKills++
		if err := k.server.KillAtStart(time.Duration(k.rng.IntN(60)) * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.server.Restart(); err != nil {
		t.Fatal(err)
	}
	k.slowest = max(k.slowest, k.server.StartTime)
}

// account compares the positions of the new life with what the clients of the
// old one have seen.
func (k *killer) account(t *testing.T, clients []*drawer, clean bool) {
	conn := k.connect(t)
	defer conn.Close(context.Background())
	for _, s := range killSequences {
		var seen []audit.Draw
		for _, c := range clients {
			seen = append(seen, c.draws[s.Name]...)
		}
		k.draws[s.Name] = append(k.draws[s.Name], seen...)
		k.total += len(seen)

		var last int64
		var called bool
		if err := conn.QueryRow(t.Context(), "SELECT last_value, is_called FROM "+s.Name).Scan(&last, &called); err != nil {
			t.Fatal(err)
		}
		next := last
		if called {
			next += s.Increment
		}
		lost, problems := audit.Lost(s, k.next[s.Name], next, seen)
		for _, p := range problems {
			t.Errorf("life %d: %s", k.lives, p)
		}
		cached := killClients * (s.Cache - 1) // the rest of each session's block
		if clean {
			if lost > cached {
				t.Errorf("life %d: a clean stop lost %d values of %s, of which at most %d were cached", k.lives, lost, s.Name, cached)
			}
			k.stopLost += max(0, lost-cached)
		} else {
			if budget := k.budget(s); lost > budget {
				t.Errorf("life %d: lost %d values of %s, the budget is %d", k.lives, lost, s.Name, budget)
			}
			k.lostMax[s.Cache] = max(k.lostMax[s.Cache], lost)
		}
		k.next[s.Name] = next
	}
}

// budget is what a kill may lose: what is reserved ahead, the rest of each
// session's block, and the values on their way to a client.
func (k *killer) budget(s audit.Sequence) int64 {
	inFlight := int64(0)
	for i := range killClients {
		if isBatching(i) {
			inFlight += batchSize
		} else {
			inFlight++
		}
	}
	return k.prelogMax + killClients*(s.Cache-1) + inFlight
}

func (k *killer) judge(t *testing.T) {
	for _, s := range killSequences {
		problems, dups := audit.Judge(s, k.draws[s.Name])
		k.duplicates += dups
		for i, p := range problems {
			if i == 20 {
				t.Errorf("… and %d more", len(problems)-i)
				break
			}
			t.Error(p)
		}
		if len(k.draws[s.Name]) < k.lives {
			t.Errorf("%s: only %d draws in %d lives", s.Name, len(k.draws[s.Name]), k.lives)
		}
	}
}

func (k *killer) summary() string {
	line := fmt.Sprintf("kill -9, prelog-max %d: %d kills (%d of them at start), %d values, %d duplicates",
		k.prelogMax, k.kills, k.startKills, k.total, k.duplicates)
	for _, s := range killSequences[:2] {
		line += fmt.Sprintf(", lost max %d per kill and sequence with CACHE %d (budget %d)", k.lostMax[s.Cache], s.Cache, k.budget(s))
	}
	return line + fmt.Sprintf("; %d clean stops lost %d; slowest start %v", k.stops, k.stopLost, k.slowest.Round(time.Millisecond))
}

// batchSize is how many nextvals a batching client has on the way at a time.
const batchSize = 5

// isBatching and isSimple tell what kind of client the i-th one is.
func isBatching(i int) bool { return i%4 == 2 }
func isSimple(i int) bool   { return i%4 == 1 }

// drawer is one client of one life: one session.
type drawer struct {
	k       *killer
	session int
	life    int
	rng     *rand.Rand
	simple  bool // the simple protocol, not the extended one
	batches bool // several nextvals in one pipeline
	dsn     string
	draws   map[string][]audit.Draw
	err     error // anything but the loss of the connection
}

func newDrawer(k *killer, i int) *drawer {
	return &drawer{
		k: k, session: k.sessions, life: k.lives, rng: rand.New(rand.NewPCG(k.rng.Uint64(), 0)),
		simple: isSimple(i), batches: isBatching(i), dsn: k.server.DSN(), draws: map[string][]audit.Draw{},
	}
}

// run draws until the connection breaks or ctx ends.
func (d *drawer) run(ctx context.Context) {
	cfg, err := pgx.ParseConfig(d.dsn)
	if err != nil {
		d.err = err
		return
	}
	if d.simple {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	}
	// What is under way is finished even when ctx ends: a value that the server
	// has sent must be seen.
	work, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(work, cfg)
	if err != nil {
		return // killed before
	}
	defer conn.Close(context.Background())
	for ctx.Err() == nil && err == nil {
		if d.rng.IntN(2) == 0 {
			err = d.draw(work, conn)
		} else {
			err = d.transaction(work, conn)
		}
	}
	var refused interface{ SQLState() string }
	if errors.As(err, &refused) || work.Err() != nil {
		d.err = fmt.Errorf("session %d: %w", d.session, err)
	}
}

// transaction draws a few values in a block that is committed, rolled back, or
// left open for the kill.
func (d *drawer) transaction(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	for range 1 + d.rng.IntN(5) {
		if err := d.draw(ctx, conn); err != nil {
			return err
		}
	}
	if d.rng.IntN(4) == 0 {
		time.Sleep(time.Duration(d.rng.IntN(20)) * time.Millisecond)
	}
	if d.rng.IntN(2) == 0 {
		return tx.Rollback(ctx)
	}
	return tx.Commit(ctx)
}

// draw takes one value, or a batch of values, of a random sequence.
func (d *drawer) draw(ctx context.Context, conn *pgx.Conn) error {
	s := killSequences[d.rng.IntN(len(killSequences))]
	const sql = "SELECT nextval($1)"
	began := time.Since(d.k.epoch)
	if !d.batches {
		var v int64
		if err := conn.QueryRow(ctx, sql, s.Name).Scan(&v); err != nil {
			return err
		}
		d.note(s, v, began)
		return nil
	}
	var batch pgx.Batch
	for range batchSize {
		batch.Queue(sql, s.Name)
	}
	results := conn.SendBatch(ctx, &batch)
	defer results.Close()
	for i := range batchSize {
		var v int64
		if err := results.QueryRow().Scan(&v); err != nil {
			return err
		}
		// Those of a batch are asked for at once, and answered in order.
		d.note(s, v, began+time.Duration(i))
	}
	return results.Close()
}

func (d *drawer) note(s audit.Sequence, v int64, began time.Duration) {
	d.draws[s.Name] = append(d.draws[s.Name], audit.Draw{
		Value: v, Session: d.session, Life: d.life, Begin: began, End: time.Since(d.k.epoch),
	})
}
