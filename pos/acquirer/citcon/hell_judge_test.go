package citcon

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// allowed reads an answer a second time, by other means, and says whether a conclusion may be drawn from it.
func allowed(call, word string, raw []byte) bool {
	f, whole := plainly(raw)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(f["error_message"]), w) })
	}
	success, fail := strings.EqualFold(f["result"], "success"), strings.EqualFold(f["result"], "fail")
	ours := (f["reference"] == "" || f["reference"] == sent.Reference) && (f["transaction_id"] == "" || call == "charge" || call == "present" || f["transaction_id"] == "T1")
	total, err := strconv.ParseInt(f["total"], 10, 64)
	money := ours && success && f["code"] == "00" && err == nil && total == 12950 && (f["currency"] == "" || strings.EqualFold(f["currency"], "USD")) &&
		(f["transaction_id"] != "" || call == "inquire" || call == "cancel")
	switch call + ": " + word {
	case "charge: approve", "inquire: approve", "cancel: too_late", "present: approve":
		return whole && money
	case "charge: decline", "inquire: decline", "cancel: decline":
		return whole && ours && fail && f["code"] != "09" && !says("timeout", "system", "upstream", "c-a2")
	case "present: decline": // no QR came, so nobody can have paid, whatever else it says
		return whole && fail
	case "charge: pend", "inquire: pend":
		return whole && ours && f["code"] == "09"
	case "present: pend":
		return whole && ours
	case "charge: absent", "inquire: absent", "cancel: absent":
		return whole && fail && says("not found", "not exist")
	case "charge: close", "inquire: close", "cancel: close":
		return whole && fail && ours && says("cancel", "void", "revers")
	case "search: pend":
		return whole && bytes.Contains(raw, []byte(sent.Reference))
	case "search: unfound", "look up a refund: unfound":
		return whole
	case "look up a refund: done":
		return whole && bytes.Contains(raw, []byte(refundRef))
	case "refund: done":
		return whole && success && (f["code"] == "" || f["code"] == "00") && (f["original_transaction_id"] == "" || f["original_transaction_id"] == "T1")
	case "refund: refuse":
		return whole && fail && !says("timeout", "system", "upstream")
	}
	return false
}

// plainly is one whole JSON object in one whole answer with status 200, each field once, scalars as text.
func plainly(raw []byte) (map[string]string, bool) {
	in := bufio.NewReader(bytes.NewReader(raw))
	r, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
	for err == nil && r.StatusCode >= 100 && r.StatusCode < 200 && r.StatusCode != http.StatusSwitchingProtocols {
		r, err = http.ReadResponse(in, &http.Request{Method: http.MethodPost})
	}
	if err != nil || r.StatusCode != http.StatusOK {
		return nil, false
	}
	body, err := io.ReadAll(r.Body)
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if err != nil || !json.Valid(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var object map[string]any
	if d.Decode(&object) != nil || object == nil {
		return nil, false
	}
	fields := map[string]string{}
	for name, v := range object {
		switch v := v.(type) {
		case string:
			fields[name] = strings.TrimSpace(v)
		case json.Number:
			fields[name] = v.String()
		}
	}
	d = json.NewDecoder(bytes.NewReader(body))
	depth, key, names := 0, false, map[string]bool{}
	for {
		token, err := d.Token()
		if err != nil {
			return fields, true
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
				key = token == '{'
				continue
			}
			depth--
			key = true // at the top, a value has ended
			continue
		case string:
			if depth == 1 && key {
				if names[token] {
					return nil, false
				}
				names[token], key = true, false
				continue
			}
		}
		if depth == 1 {
			key = true
		}
	}
}
