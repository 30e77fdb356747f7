package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// explainPath is the endpoint whose answers are the longest.
const explainPath = "/v1/explain"

// EdgesQuery says which edges are asked for; what is empty does not restrict them.
type EdgesQuery struct {
	Network string
	Edge    string // a name or a pattern
	Family  string
	Grade   string
	Mode    string
	Live    *bool
}

// ChangesQuery says which changes are asked for.
type ChangesQuery struct {
	Network string    // empty is all
	Limit   int       // 0 leaves it to the server
	Since   time.Time // zero is any
}

// Networks returns the networks at a glance, or only the one named.
func (c *Client) Networks(ctx context.Context, network string) (answer Networks, err error) {
	err = c.ask(ctx, "/v1/networks", map[string]string{"network": network}, &answer)
	return answer, err
}

// Edges returns edges with their grades, modes and reasons.
func (c *Client) Edges(ctx context.Context, q EdgesQuery) (answer Edges, err error) {
	live := ""
	if q.Live != nil {
		live = strconv.FormatBool(*q.Live)
	}
	err = c.ask(ctx, "/v1/edges", map[string]string{
		"network": q.Network, "edge": q.Edge, "family": q.Family, "grade": q.Grade, "mode": q.Mode, "live": live,
	}, &answer)
	return answer, err
}

// Explain returns edges with what would have to happen for them to enter. The edge is a name or a pattern; empty is all.
func (c *Client) Explain(ctx context.Context, network, edge, family string) (answer Edges, err error) {
	err = c.ask(ctx, explainPath, map[string]string{"network": network, "edge": edge, "family": family}, &answer)
	return answer, err
}

// History returns the last limit samples of an edge in each family; all there are with limit 0.
func (c *Client) History(ctx context.Context, network, edge string, limit int) (answer History, err error) {
	err = c.ask(ctx, "/v1/history", map[string]string{"network": network, "edge": edge, "limit": count(limit)}, &answer)
	return answer, err
}

// Recent returns what happened lately to every edge and canary, at most limit samples of each; 0 leaves it to the server.
func (c *Client) Recent(ctx context.Context, network string, limit int) (answer Recent, err error) {
	err = c.ask(ctx, "/v1/recent", map[string]string{"network": network, "limit": count(limit)}, &answer)
	return answer, err
}

// Changes returns the last changes, the newest first.
func (c *Client) Changes(ctx context.Context, q ChangesQuery) (answer Changes, err error) {
	since := ""
	if !q.Since.IsZero() {
		since = q.Since.UTC().Format(time.RFC3339Nano)
	}
	err = c.ask(ctx, "/v1/changes", map[string]string{"network": q.Network, "limit": count(q.Limit), "since": since}, &answer)
	return answer, err
}

// Canaries returns the canaries of a network.
func (c *Client) Canaries(ctx context.Context, network string) (answer Canaries, err error) {
	err = c.ask(ctx, "/v1/canaries", map[string]string{"network": network}, &answer)
	return answer, err
}

// Trace writes the recorded rounds of a family to w in the format of package trace, as they come: an error may come after
// some of them. The family may be empty where the network serves but one, or has edges of but one.
func (c *Client) Trace(ctx context.Context, network, family string, w io.Writer) error {
	answer, err := c.send(ctx, http.MethodGet, target("/v1/trace", map[string]string{"network": network, "family": family}), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("reading the answer to /v1/trace from %q: %w", c.socket, plainly(err))
	}
	return nil
}

// SetMode sets the mode of edges, or says what that would come to.
func (c *Client) SetMode(ctx context.Context, q ModeRequest) (answer Applied, err error) {
	err = c.post(ctx, "/v1/mode", q, &answer)
	return answer, err
}

// Freeze stops every change but an operator's.
func (c *Client) Freeze(ctx context.Context, q FreezeRequest) (answer Applied, err error) {
	err = c.post(ctx, "/v1/freeze", q, &answer)
	return answer, err
}

// Unfreeze ends a freeze.
func (c *Client) Unfreeze(ctx context.Context, q FreezeRequest) (answer Applied, err error) {
	err = c.post(ctx, "/v1/unfreeze", q, &answer)
	return answer, err
}

// count is empty for 0.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
