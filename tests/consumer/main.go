// A consumer of Commune Pulse written from the AsyncAPI document and the consumer guide alone.
//
// It replays one topic from the beginning, drops repeated positions, and counts one figure: completed patrols of a
// unit, or of all units it sees, whose completion lies in an interval. It prints the figure as one line of JSON.
//
//	go run . -asyncapi ../../shared/contracts/asyncapi.json -brokers localhost:9092 -unit 00070 -from 2026-11-01T00:00:00+07:00 -to 2026-12-01T00:00:00+07:00
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

const channel = "patrols-v1"

// document is the part of an AsyncAPI document that says where a channel is and which messages it carries.
type document struct {
	Channels map[string]struct {
		Address  string                     `json:"address"`
		Messages map[string]json.RawMessage `json:"messages"`
	} `json:"channels"`
}

type facts struct {
	CompletedAt *time.Time `json:"completed_at"`
}

type event struct {
	Type         string `json:"type"`
	PartitionKey string `json:"partitionkey"`
	Position     int    `json:"position"`
	Lineage      string `json:"lineage"`
	Data         struct {
		Was *facts `json:"was"`
		Is  *facts `json:"is"`
	} `json:"data"`
}

// sequence is what has been seen of the events of one unit.
type sequence struct {
	lineage  string
	position int
}

type counter struct {
	from, to  time.Time
	unit      string
	known     map[string]json.RawMessage
	sequences map[string]*sequence
	Count     int `json:"count"`
	Events    int `json:"events"`
	Repeated  int `json:"repeated"`
}

func (c *counter) take(value []byte) error {
	var e event
	if err := json.Unmarshal(value, &e); err != nil {
		return fmt.Errorf("not a CloudEvent: %w", err)
	}
	seen, begun := c.sequences[e.PartitionKey]
	if !begun {
		seen = &sequence{lineage: e.Lineage}
		c.sequences[e.PartitionKey] = seen
	}
	switch {
	case seen.lineage != e.Lineage:
		return fmt.Errorf("unit %s continues with another lineage: begin anew", e.PartitionKey)
	case e.Position <= seen.position:
		c.Repeated++
		return nil
	case e.Position > seen.position+1:
		return fmt.Errorf("unit %s: position %d is missing", e.PartitionKey, seen.position+1)
	}
	seen.position = e.Position
	c.Events++
	if _, declared := c.known[e.Type]; !declared || !strings.HasPrefix(e.Type, "patrol.") {
		return nil // of another kind of aggregate, or newer than the document: not an error
	}
	if c.unit == "" || c.unit == e.PartitionKey {
		c.Count += c.counts(e.Data.Is) - c.counts(e.Data.Was)
	}
	return nil
}

func (c *counter) counts(f *facts) int {
	if f == nil || f.CompletedAt == nil || f.CompletedAt.Before(c.from) || !f.CompletedAt.Before(c.to) {
		return 0
	}
	return 1
}

func main() {
	path := flag.String("asyncapi", "", "the AsyncAPI document")
	brokers := flag.String("brokers", "localhost:9092", "host:port, separated by commas")
	unit := flag.String("unit", "", "code of the unit; all units unless given")
	from := flag.String("from", "", "beginning of the interval, RFC 3339")
	to := flag.String("to", "", "end of the interval, RFC 3339, itself not included")
	idle := flag.Duration("idle", 2*time.Second, "how long nothing may come before the replay counts as complete")
	flag.Parse()

	count, err := replay(*path, strings.Split(*brokers, ","), *unit, *from, *to, *idle)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(count); err != nil {
		log.Fatal(err)
	}
}

func replay(path string, brokers []string, unit, from, to string, idle time.Duration) (*counter, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	begin, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return nil, err
	}
	end, err := time.Parse(time.RFC3339, to)
	if err != nil {
		return nil, err
	}
	topic := doc.Channels[channel]
	count := &counter{from: begin, to: end, unit: unit, known: topic.Messages, sequences: map[string]*sequence{}}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...),
		kgo.ConsumeTopics(topic.Address),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(100*time.Millisecond),
		kgo.MaxVersions(kversion.V2_8_0()), // the embedded broker hangs up on newer requests for its versions
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for {
		waiting, stop := context.WithTimeout(context.Background(), idle)
		fetches := client.PollFetches(waiting)
		silent := waiting.Err() != nil && fetches.NumRecords() == 0
		stop()
		if silent {
			return count, nil
		}
		for _, failed := range fetches.Errors() {
			if failed.Err != context.DeadlineExceeded {
				return nil, failed.Err
			}
		}
		for records := fetches.RecordIter(); !records.Done(); {
			if err := count.take(records.Next().Value); err != nil {
				return nil, err
			}
		}
	}
}
