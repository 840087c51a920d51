package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/audit"
	"seqd/cmd/seqd/e2e/netlab"
	"seqd/cmd/seqd/e2e/seqdserver"
)

const (
	clusterNodes     = 3
	clusterClients   = 8
	clusterPrelogMax = 4096
	// pauseTime is longer than any lease.
	pauseTime = 3 * time.Second
	// aroundFault is how long clients draw before a fault, and after it.
	aroundFault = 200 * time.Millisecond
)

// clusterSequences are drawn from at random by clients of a cluster.
var clusterSequences = append(slices.Clone(killSequences),
	audit.Sequence{Name: "pernode", Start: 1, Increment: 1, Cache: 1, Min: 1, Max: 1 << 40, PerNode: true},
	audit.Sequence{Name: "pernodetens", Start: -1, Increment: -2, Cache: 10, Min: -1 << 40, Max: -1, PerNode: true})

// stockBudget is what a node may have in stock of a sequence with order "node": what is
// left when it asks for more, and the most that it gets.
const stockBudget = clusterPrelogMax * 3 / 2

// clusterRounds is how often each fault comes ($CLUSTER_ROUNDS).
func clusterRounds(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("CLUSTER_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// fault is something that happens to a working cluster, and its end.
type fault struct {
	name string
	// planned: nobody on other nodes notices.
	planned bool
	// loses: the values reserved ahead.
	loses  bool
	happen func(*round) error
}

var faults = []fault{
	{name: "kill -9 leader", loses: true, happen: func(r *round) error { return r.killOne(r.leader) }},
	{name: "kill -9 follower", happen: func(r *round) error { return r.killOne(r.follower) }},
	{name: "SIGSTOP leader 3 s", loses: true, happen: (*round).pauseLeader},
	{name: "SIGTERM leader", planned: true, happen: (*round).stopLeader},
	{name: "transfer", planned: true, happen: (*round).transfer},
	{name: "kill -9 all", loses: true, happen: (*round).killAll},
}

// TestClusterFaults lets clients draw from all nodes while nodes die, hang and
// leave. No value may come twice on whatever nodes, with CACHE 1 all are in the
// order of real time, and what is lost stays within the declared budget.
func TestClusterFaults(t *testing.T) {
	x := newFaultTest(t)
	x.play(t, clusterRounds(1), selected(faults))
}

// selected are the faults that $CLUSTER_FAULTS names, a regular expression.
func selected(faults []fault) []fault {
	only := regexp.MustCompile(os.Getenv("CLUSTER_FAULTS"))
	return slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !only.MatchString(f.name) })
}

// play has the faults happen one after the other, that many times.
func (x *faultTest) play(t *testing.T, rounds int, faults []fault) {
	for range rounds {
		for i := range faults {
			x.round(t, &faults[i])
			if t.Failed() {
				t.Logf("stopped after round %d (%s)\n%s", x.rounds, faults[i].name, x.cluster.Tail())
				break
			}
		}
		if t.Failed() {
			break
		}
	}
	x.judge(t)
	fmt.Print(x.table(faults))
}

// faultTest is one cluster through all rounds.
type faultTest struct {
	cluster  *seqdserver.Cluster
	lab      *netlab.Lab // nil: no network of its own
	jumps    *jumps
	epoch    time.Time
	sessions atomic.Int64
	rounds   int
	next     map[string]int64
	draws    map[string][]audit.Draw
	sums     map[string]*faultSum
}

// faultSum is a row of the table.
type faultSum struct {
	rounds, values, duplicates, violations int
	silences                               []time.Duration
	errors                                 map[string]int // on survivors, by SQLSTATE
	lost, budget                           int64          // most in one round, of a sequence with CACHE 1
}

func newFaultTest(t *testing.T) *faultTest {
	return watchFaults(t, startVoters(t), true)
}

// orders: the cluster knows the order of a sequence.
func watchFaults(t *testing.T, c *seqdserver.Cluster, orders bool) *faultTest {
	t.Helper()
	x := &faultTest{cluster: c, jumps: newJumps(), epoch: time.Now(), next: map[string]int64{}, draws: map[string][]audit.Draw{}, sums: map[string]*faultSum{}}
	conn, err := pgx.Connect(t.Context(), c.DSN(clusterNodes-1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, s := range clusterSequences {
		sql := fmt.Sprintf("CREATE SEQUENCE %s INCREMENT %d START %d MINVALUE %d MAXVALUE %d CACHE %d", s.Name, s.Increment, s.Start, s.Min, s.Max, s.Cache)
		if s.PerNode && orders {
			sql += fmt.Sprintf("; SECURITY LABEL FOR seqd ON SEQUENCE %s IS 'order=node'", s.Name)
		}
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		x.next[s.Name] = s.Start
	}
	if _, err := conn.Exec(t.Context(), "CREATE SEQUENCE "+jumpSequence+" CACHE 10"); err != nil {
		t.Fatal(err)
	}
	return x
}

// startVoters starts a cluster on disk in which every node has its vote.
func startVoters(t *testing.T) *seqdserver.Cluster {
	t.Helper()
	return startVotersWith(t, seqdserver.ClusterOptions{})
}

func startVotersWith(t *testing.T, o seqdserver.ClusterOptions) *seqdserver.Cluster {
	t.Helper()
	o.Nodes, o.DataDir = clusterNodes, t.TempDir()
	o.Args = append(o.Args, "--prelog-max", strconv.Itoa(clusterPrelogMax))
	c, err := seqdserver.StartCluster(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.AwaitVoters(); err != nil {
		t.Fatal(err)
	}
	return c
}

// round is one fault while a crew draws.
type round struct {
	*crew
	lab              *netlab.Lab
	leader, follower int
	start            time.Duration // of the fault
	elections        int           // that the fault does not account for
	// struck is when a node was hit, and when it was well again.
	struck map[int][2]time.Duration
}

func (r *round) others(node int) (others []int) {
	for i := range r.cluster.Nodes {
		if i != node {
			others = append(others, i)
		}
	}
	return others
}

func (r *round) hit(node int)  { r.struck[node] = [2]time.Duration{r.now(), 1 << 62} }
func (r *round) well(node int) { r.struck[node] = [2]time.Duration{r.struck[node][0], r.now()} }

func (r *round) killOne(node int) error { return r.end(node, r.cluster.Kill9) }
func (r *round) stopLeader() error      { return r.end(r.leader, r.cluster.Stop) }

func (r *round) end(node int, how func(int) error) error {
	r.hit(node)
	if err := how(node); err != nil {
		return err
	}
	if err := r.awaitService(r.others(node)...); err != nil {
		return err
	}
	if err := r.cluster.Restart(node); err != nil {
		return err
	}
	err := r.awaitService(node)
	r.well(node)
	return err
}

func (r *round) pauseLeader() error { return r.pause(r.leader) }

func (r *round) pause(node int) error {
	r.hit(node)
	if err := r.cluster.Pause(node); err != nil {
		return err
	}
	time.Sleep(pauseTime)
	if err := r.awaitService(r.others(node)...); err != nil {
		return err
	}
	if err := r.cluster.Resume(node); err != nil {
		return err
	}
	err := r.awaitService(node)
	r.well(node)
	return err
}

func (r *round) transfer() error {
	_, err := r.cluster.Command(r.follower, "transfer")
	return err
}

func (r *round) killAll() error {
	for i := range r.cluster.Nodes {
		r.hit(i)
	}
	if err := r.cluster.KillAll(); err != nil {
		return err
	}
	if err := r.cluster.RestartAll(); err != nil {
		return err
	}
	err := r.awaitService(r.others(-1)...)
	for i := range r.cluster.Nodes {
		r.well(i)
	}
	return err
}

// onTheirWay is how many answers the fault may have kept from clients: a planned one
// only those to clients of a node that ended.
func (r *round) onTheirWay(f *fault) (n int) {
	for _, m := range r.members {
		if _, hit := r.struck[m.node]; hit || !f.planned {
			n++
		}
	}
	return n
}

// survived tells whether the node was not hit while the failed call was under way.
func (r *round) survived(f failure) bool {
	window, hit := r.struck[f.node]
	return !hit || f.end < window[0] || f.began > window[1]
}

func (x *faultTest) round(t *testing.T, f *fault) {
	x.rounds++
	leader, err := x.cluster.Leader()
	if err != nil {
		t.Fatal(err)
	}
	r := &round{
		crew: startJumpingCrew(x.cluster, x.epoch, x.rounds, clusterClients, &x.sessions, x.jumps), lab: x.lab,
		leader: leader, follower: (leader + 1 + x.rounds%(clusterNodes-1)) % clusterNodes, struck: map[int][2]time.Duration{},
	}
	defer r.stop()
	term, err := x.cluster.Term(leader)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.awaitService(r.others(-1)...); err != nil {
		t.Fatalf("before the %s: %v", f.name, err)
	}
	time.Sleep(aroundFault)
	r.start = r.now()
	t.Logf("round %d, %s at %v", x.rounds, f.name, r.start)
	if err := f.happen(r); err != nil {
		t.Errorf("%s: %v", f.name, err)
		return
	}
	if err := r.awaitService(r.others(-1)...); err != nil {
		t.Errorf("after the %s: %v", f.name, err)
		return
	}
	time.Sleep(aroundFault)
	r.stop()
	if err := x.cluster.AwaitVoters(); err != nil {
		t.Errorf("after the %s: %v", f.name, err)
	}
	r.elections = x.elections(t, f, term)
	x.account(t, f, r)
}

// elections is how many leaders there were since a term that the fault does not account
// for: on a machine that is too busy a living one is given up. They cost what the death
// of a leader costs.
func (x *faultTest) elections(t *testing.T, f *fault, since int) (unplanned int) {
	leader, err := x.cluster.Leader()
	if err != nil {
		t.Fatal(err)
	}
	term, err := x.cluster.Term(leader)
	if err != nil {
		t.Fatal(err)
	}
	if unplanned = term - since; f.planned {
		unplanned--
	}
	if unplanned > 0 && !f.loses {
		fmt.Printf("%s: %d elections for no reason: this machine is too busy to say what the fault costs\n", f.name, unplanned)
	}
	return unplanned
}

// account enters the round into the table.
func (x *faultTest) account(t *testing.T, f *fault, r *round) {
	sum := x.sums[f.name]
	if sum == nil {
		sum = &faultSum{errors: map[string]int{}}
		x.sums[f.name] = sum
	}
	sum.rounds++
	for _, w := range x.jumps.judge() {
		sum.violations++
		t.Errorf("%s: %s", f.name, w)
	}
	x.accountErrors(t, f, r, sum)
	var silence time.Duration
	for i := range x.cluster.Nodes {
		if _, hit := r.struck[i]; !hit || len(r.struck) == len(x.cluster.Nodes) {
			silence = max(silence, r.silence(i, r.start))
		}
	}
	sum.silences = append(sum.silences, silence)
	t.Logf("round %d, %s (leader %s): no service for %v", x.rounds, f.name, seqdserver.NodeID(r.leader), silence.Round(time.Millisecond))
	for _, s := range clusterSequences {
		seen := r.seen(s.Name)
		x.draws[s.Name] = append(x.draws[s.Name], seen...)
		sum.values += len(seen)
		next := x.position(t, s)
		if s.PerNode {
			x.accountPerNode(t, f, s, seen, next, sum)
			continue
		}
		lost, problems := audit.Lost(s, x.next[s.Name], next, seen)
		budget := r.opened() * (s.Cache - 1)
		budget += int64(r.onTheirWay(f)) * s.Cache
		if f.loses || r.elections > 0 {
			budget += clusterPrelogMax
		}
		if lost > budget {
			t.Errorf("%s: lost %d values of %s, the budget is %d", f.name, lost, s.Name, budget)
		}
		if s.Cache == 1 {
			sum.lost, sum.budget = max(sum.lost, lost), budget
		}
		found, duplicates := audit.Judge(s, seen)
		sum.duplicates += duplicates
		sum.violations += len(problems) + len(found) - duplicates
		for _, p := range problems {
			t.Errorf("%s: %s", f.name, p)
		}
		x.next[s.Name] = next
	}
}

// accountPerNode judges a sequence that outlives rounds with values in stock: all that
// is known of them is that they lie below its position.
func (x *faultTest) accountPerNode(t *testing.T, f *fault, s audit.Sequence, seen []audit.Draw, next int64, sum *faultSum) {
	found, duplicates := audit.Judge(s, seen)
	lost, problems := audit.Lost(s, s.Start, next, slices.Clone(x.draws[s.Name]))
	sum.duplicates += duplicates
	sum.violations += len(problems) + len(found) - duplicates
	for _, p := range problems {
		t.Errorf("%s: %s", f.name, p)
	}
	if budget := int64(x.rounds) * (clusterPrelogMax + clusterNodes*stockBudget); lost > budget {
		t.Errorf("%s: after %d rounds %d values of %s are lost or in stock, the budget is %d", f.name, x.rounds, lost, s.Name, budget)
	}
	t.Logf("%s: %d of %d values lost or in stock so far", s.Name, lost, int64(len(x.draws[s.Name]))+lost)
}

func (x *faultTest) accountErrors(t *testing.T, f *fault, r *round, sum *faultSum) {
	shown := 0
	for _, e := range r.failures() {
		if !r.survived(e) {
			continue
		}
		sum.errors[e.code]++
		if !f.planned && (e.code == "57P03" || e.code == "40003") {
			continue
		}
		if shown++; shown <= 10 {
			t.Errorf("%s of %s: after %v, a call of %v on %s: %v", f.name, seqdserver.NodeID(r.leader),
				e.began-r.start, e.end-e.began, seqdserver.NodeID(e.node), e.err)
		}
	}
}

// position is the value that nextval would give, on which all nodes must agree.
func (x *faultTest) position(t *testing.T, s audit.Sequence) int64 {
	var positions []int64
	for i := range x.cluster.Nodes {
		conn, err := pgx.Connect(t.Context(), x.cluster.DSN(i))
		if err != nil {
			t.Fatal(err)
		}
		var last int64
		var called bool
		err = conn.QueryRow(t.Context(), "SELECT last_value, is_called FROM "+s.Name).Scan(&last, &called)
		_ = conn.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if called {
			last += s.Increment
		}
		positions = append(positions, last)
	}
	if slices.Min(positions) != slices.Max(positions) {
		t.Errorf("%s: the nodes say that %v comes next", s.Name, positions)
	}
	return positions[0]
}

// judge looks at all rounds together.
func (x *faultTest) judge(t *testing.T) {
	for _, s := range clusterSequences {
		problems, _ := audit.Judge(s, x.draws[s.Name])
		for i, p := range problems {
			if i == 20 {
				t.Errorf("… and %d more", len(problems)-i)
				break
			}
			t.Error(p)
		}
	}
}

func (x *faultTest) table(faults []fault) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FAULT\tROUNDS\tVALUES\tNO SERVICE median\tmax\tLOST max (CACHE 1)\tBUDGET\tDUPLICATES\tORDER\tERRORS ON SURVIVORS")
	for _, f := range faults {
		s := x.sums[f.name]
		if s == nil {
			continue
		}
		var codes []string
		for code, n := range s.errors {
			codes = append(codes, fmt.Sprintf("%d × %s", n, code))
		}
		slices.Sort(codes)
		if codes == nil {
			codes = []string{"none"}
		}
		median, longest := middle(s.silences)
		fmt.Fprintf(w, "%s\t%d\t%d\t%v\t%v\t%d\t%d\t%d\t%d\t%s\n", f.name, s.rounds, s.values, median, longest,
			s.lost, s.budget, s.duplicates, s.violations, strings.Join(codes, ", "))
	}
	_ = w.Flush()
	return b.String()
}

// middle is the median and the maximum.
func middle(times []time.Duration) (median, longest time.Duration) {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2].Round(time.Millisecond), sorted[len(sorted)-1].Round(time.Millisecond)
}
