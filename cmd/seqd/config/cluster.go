package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"
)

// ClusterFlags are the server's flags about the other nodes.
type ClusterFlags struct {
	NodeID           string   `name:"node-id" placeholder:"NAME" help:"Name of this node in its cluster; kept in the data folder. Without it a new node makes one up."`
	ClusterListen    string   `placeholder:"HOST:PORT" help:"Address for the other nodes; off: none, the node stays alone. Default: 127.0.0.1 and the port of --listen plus 100. Other than loopback needs --cluster-cert, --cluster-key and --cluster-ca."`
	ClusterAdvertise string   `placeholder:"HOST:PORT" help:"Address under which other nodes reach this one, if it is not that of --cluster-listen."`
	Join             []string `placeholder:"HOST:PORT,..." help:"Cluster addresses of nodes whose cluster a new node joins. Ignored by a node that has a cluster."`
	BootstrapExpect  int      `placeholder:"N" help:"With --join: begin a cluster when N new nodes have found each other."`
	NonVoter         bool     `help:"Join without a vote: to serve sessions, never to lead."`
	Certificates     `embed:""`
}

// Certificates are the files for talking to other nodes.
type Certificates struct {
	ClusterCert string `type:"path" placeholder:"FILE" help:"Certificate of this node, or this administrator, for the other nodes (PEM)."`
	ClusterKey  string `type:"path" placeholder:"FILE" help:"Its private key (PEM)."`
	ClusterCA   string `name:"cluster-ca" type:"path" placeholder:"FILE" help:"Certificates of the authority that signs the nodes' certificates (PEM)."`
}

// AnyNode says which node to ask.
type AnyNode struct {
	Node    string        `default:"127.0.0.1:5533" placeholder:"HOST:PORT" help:"Cluster address of any node (${default})."`
	Timeout time.Duration `default:"15s" placeholder:"TIME" help:"Time that the answer may take (${default})."`
	Certificates
}

// Cluster is the commands about a running cluster.
type Cluster struct {
	AnyNode `embed:""`

	Status   struct{} `cmd:"" help:"Show the nodes, who leads, and how far they are."`
	Join     Join     `cmd:"" help:"Have the node at --node, which is alone and has nothing yet, join the cluster of another."`
	Remove   Remove   `cmd:"" help:"Remove a node from the cluster for good. Its data folder is of no use afterwards."`
	Transfer Transfer `cmd:"" help:"Hand the leadership to another node. No value is lost."`
	Skip     Skip     `cmd:"" help:"Set every sequence ahead, so that values which may have been handed out do not come again."`
	Recover  Recover  `cmd:"" help:"Make a new cluster of what one node has, when most of the others are lost for good."`
	Snapshot struct{} `cmd:"" help:"Have the node at --node write a snapshot and compact its log."`
}

// Remove names the node to be removed.
type Remove struct {
	ID string `arg:"" name:"id" help:"Node ID, as shown by status."`
}

// Transfer names the node that shall lead.
type Transfer struct {
	To string `arg:"" name:"to" optional:"" help:"Node ID; without it, any that is up to date."`
}

// Recover makes a new cluster of what one node has.
type Recover struct {
	DataDir string  `default:"./seqd-data" placeholder:"DIR" help:"Data folder of the surviving node, which must not run (${default})."`
	Skip    *uint64 `placeholder:"N" help:"How many values to set every sequence ahead; without it, four times the largest reservation ever made."`
	Yes     bool    `help:"Do it. Without this it is only told what would be done."`
}

// Backup writes a backup.
type Backup struct {
	AnyNode `embed:""`
	File    string `arg:"" help:"File to write; - for standard output."`
}

// Restore makes a data folder of a backup.
type Restore struct {
	DataDir string  `default:"./seqd-data" placeholder:"DIR" help:"Folder to make; it must be empty or not be there (${default})."`
	NodeID  string  `name:"node-id" placeholder:"NAME" help:"Name of the node in its new cluster. Without it one is made up."`
	Skip    *uint64 `placeholder:"N" help:"How many values to set every sequence ahead, since values were handed out after the backup; without it, four times the largest reservation before it."`
	File    string  `arg:"" help:"The backup; - for standard input."`
}

// Join names a node of the cluster to join.
type Join struct {
	Addr     string `arg:"" name:"address" help:"Cluster address of any node of the cluster to join."`
	NonVoter bool   `help:"Join without a vote: to serve sessions, never to lead."`
}

// Skip says how far.
type Skip struct {
	Steps *uint64 `arg:"" optional:"" help:"How many values; without it, four times the largest reservation ever made."`
}

// Trial runs three nodes.
type Trial struct {
	Port int `default:"5433" help:"SQL port of the first node."`
}

// clusterOff is the --cluster-listen of a node that stays alone.
const clusterOff = "off"

// portsApart lies between a node's port for clients and its default cluster port.
const portsApart = 100

// ClusterAddress is where to listen for other nodes; "": nowhere.
func (s *Serve) ClusterAddress() string {
	switch s.ClusterListen {
	case clusterOff:
		return ""
	case "":
	default:
		return s.ClusterListen
	}
	_, text, _ := net.SplitHostPort(s.Listen) // validated
	port, _ := strconv.Atoi(text)
	switch {
	case port == 0:
	case port > 65535-portsApart:
		port -= portsApart
	default:
		port += portsApart
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func (c *ClusterFlags) validate(listen string) error {
	if err := c.Certificates.validate(); err != nil {
		return err
	}
	if c.ClusterListen == clusterOff {
		if len(c.Join) > 0 || c.BootstrapExpect > 0 || c.ClusterAdvertise != "" {
			return errors.New("--cluster-listen off: a node that stays alone has no --join, --bootstrap-expect or --cluster-advertise")
		}
		return nil
	}
	if c.ClusterListen != "" {
		host, err := hostPort("--cluster-listen", c.ClusterListen)
		switch {
		case err != nil:
			return err
		case c.ClusterListen == listen && portOf(listen) != "0":
			return fmt.Errorf("--cluster-listen %q: that is the address for clients", c.ClusterListen)
		case !loopback(host) && c.ClusterCert == "":
			return fmt.Errorf("--cluster-listen %q: refusing to talk unencrypted to other machines; "+
				"give --cluster-cert, --cluster-key and --cluster-ca", c.ClusterListen)
		case everyAddress(host) && c.ClusterAdvertise == "":
			return fmt.Errorf("--cluster-listen %q: say with --cluster-advertise under which address other nodes reach this one", c.ClusterListen)
		}
	}
	if c.ClusterAdvertise != "" {
		host, err := hostPort("--cluster-advertise", c.ClusterAdvertise)
		if err == nil && (everyAddress(host) || portOf(c.ClusterAdvertise) == "0") {
			err = fmt.Errorf("--cluster-advertise %q: want the address of one host, and its port", c.ClusterAdvertise)
		}
		if err != nil {
			return err
		}
	}
	for _, addr := range c.Join {
		if _, err := hostPort("--join", addr); err != nil {
			return err
		}
	}
	switch {
	case len(c.NodeID) > 64 || slices.ContainsFunc([]byte(c.NodeID), func(b byte) bool { return b <= ' ' || b >= 0x7f }):
		return fmt.Errorf("--node-id %q: want at most 64 printable ASCII characters without blanks", c.NodeID)
	case c.BootstrapExpect < 0:
		return fmt.Errorf("--bootstrap-expect %d: want the number of nodes", c.BootstrapExpect)
	case c.BootstrapExpect > 0 && len(c.Join) == 0:
		return errors.New("--bootstrap-expect: needs --join, with the addresses of the nodes to expect")
	case c.NonVoter && len(c.Join) == 0:
		return errors.New("--non-voter: needs --join: a cluster begins with a voter")
	}
	return nil
}

func (c *AnyNode) validate() error {
	if _, err := hostPort("--node", c.Node); err != nil {
		return err
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("--timeout %s: must be above 0", c.Timeout)
	}
	return c.Certificates.validate()
}

func (c *Certificates) validate() error {
	set := 0
	for _, file := range []string{c.ClusterCert, c.ClusterKey, c.ClusterCA} {
		if file != "" {
			set++
		}
	}
	if set != 0 && set != 3 {
		return errors.New("--cluster-cert, --cluster-key and --cluster-ca: all three are needed, or none")
	}
	return nil
}

// TLS reads the files; nil if there are none.
func (c *Certificates) TLS() (*tls.Config, error) {
	if c.ClusterCert == "" {
		return nil, nil
	}
	own, err := tls.LoadX509KeyPair(c.ClusterCert, c.ClusterKey)
	if err != nil {
		return nil, fmt.Errorf("--cluster-cert, --cluster-key: %w", err)
	}
	text, err := os.ReadFile(c.ClusterCA)
	if err != nil {
		return nil, fmt.Errorf("--cluster-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--cluster-ca: no certificate in %s", c.ClusterCA)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: pool, ClientCAs: pool}, nil
}

func hostPort(flag, addr string) (host string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%s %q: want host:port, such as 127.0.0.1:5533", flag, addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%s %q: the port must be a number from 0 to 65535", flag, addr)
	}
	return host, nil
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func everyAddress(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || (ip != nil && ip.IsUnspecified())
}
