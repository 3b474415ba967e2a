// Verifies an audit log with golang.org/x/mod/sumdb: the signed checkpoint, the tiles, every record, and an
// inclusion proof. It shares no code with the log.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tileFolder string

func (folder tileFolder) Height() int { return 8 }

func (folder tileFolder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// tlog names tiles tile/8/L/N; tlog-tiles leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(folder), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (folder tileFolder) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	if err := verify(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func verify(path string) error {
	folder := path + ".tiles"
	key, err := os.ReadFile(filepath.Join(folder, "key"))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	tree, err := parseCheckpoint(opened.Text)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, tileFolder(folder))
	records, err := readRecords(path)
	if err != nil {
		return err
	}
	if int64(len(records)) < tree.N {
		return fmt.Errorf("the checkpoint states %d records, the log has %d", tree.N, len(records))
	}
	for first := int64(0); first < tree.N; first += 4096 {
		last := min(first+4096, tree.N)
		var indexes []int64
		for index := first; index < last; index++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, index))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for index := first; index < last; index++ {
			if hashes[index-first] != tlog.RecordHash(records[index]) {
				return fmt.Errorf("record %d is not the one in the tree", index+1)
			}
		}
	}
	for _, index := range []int64{0, tree.N / 2, tree.N - 1} {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(records[index])); err != nil {
			return err
		}
	}
	fmt.Printf("%d records under %x\n", tree.N, tree.Hash[:])
	return nil
}

func parseCheckpoint(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	var tree tlog.Tree
	if len(lines) < 3 {
		return tree, fmt.Errorf("not a checkpoint")
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &tree.N); err != nil {
		return tree, err
	}
	hash, err := tlog.ParseHash(lines[2])
	tree.Hash = hash
	return tree, err
}

// A record's bytes are its line without the hash member.
func readRecords(path string) ([][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var records [][]byte
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	prefix := len(`{"hash":"`) + 43 + len(`",`)
	for lines.Scan() {
		records = append(records, append([]byte("{"), bytes.Clone(lines.Bytes()[prefix:])...))
	}
	return records, lines.Err()
}
