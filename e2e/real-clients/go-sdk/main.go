// A host on the Go SDK that was given an access token. Usage: go-sdk URL CALLS
//
// CALLS is a JSON list of [tool, arguments]; ACCESS_TOKEN is the token. Writes one JSON object a line: the tools, and
// what each call answered.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type withBearer struct{ token string }

func (transport withBearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+transport.token)
	return http.DefaultTransport.RoundTrip(request)
}

func tell(event map[string]any) {
	if err := json.NewEncoder(os.Stdout).Encode(event); err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx := context.Background()
	url, calls := os.Args[1], [][]any{}
	if err := json.Unmarshal([]byte(os.Args[2]), &calls); err != nil {
		log.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint:             url,
		HTTPClient:           &http.Client{Transport: withBearer{os.Getenv("ACCESS_TOKEN")}},
		DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		tell(map[string]any{"event": "refused", "tool": "", "text": err.Error()})
		return
	}
	defer session.Close()
	listed, err := session.ListTools(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	names := []string{}
	for _, tool := range listed.Tools {
		names = append(names, tool.Name)
	}
	tell(map[string]any{"event": "tools", "names": names})
	for _, call := range calls {
		tool, _ := call[0].(string)
		result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: call[1]})
		if err != nil {
			tell(map[string]any{"event": "refused", "tool": tool, "text": err.Error()})
			continue
		}
		text, _ := result.Content[0].(*mcp.TextContent)
		tell(map[string]any{"event": "called", "tool": tool, "text": text.Text})
	}
}
