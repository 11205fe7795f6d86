package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"posd/pos"
)

// Devices is the counter's hardware.
type Devices struct {
	Items []pos.Device `json:"items"`
}

func (s *Server) listDevices(context.Context, *struct{}) (Devices, error) {
	return Devices{append([]pos.Device{}, s.o.Desk.Standing()...)}, nil
}

// Discovered is what is plugged in.
type Discovered struct {
	Items []pos.Found `json:"items"`
}

func (s *Server) discover(context.Context, *struct{}) (Discovered, error) {
	return Discovered{append([]pos.Found{}, s.o.Desk.Discover()...)}, nil
}

// trialWithin bounds a trial: a scanner is given half a minute.
const trialWithin = 40 * time.Second

// Check is what one look at the machine found.
type Check struct {
	Result  string `json:"result"` // ok, warn, fail, skip
	Check   string `json:"check"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// Checks is a look at the machine.
type Checks struct {
	Items []Check `json:"items"`
}

// checks waits for its turn: a look opens connections, and two at once would tell no more.
func (s *Server) checks(ctx context.Context, _ *struct{}) (Checks, error) {
	if s.o.Checks == nil {
		return Checks{Items: []Check{}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	select {
	case s.examining <- struct{}{}:
		defer func() { <-s.examining }()
	case <-ctx.Done():
		return Checks{}, ctx.Err()
	}
	return Checks{append([]Check{}, s.o.Checks(ctx, askerOf(ctx).lang)...)}, nil
}

// patient gives a trial more time than other requests have to be read: the limit on reading also ends a
// request that is being worked at.
func patient(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/v1/devices/") || path == "/v1/checks" || (r.Method == http.MethodPost && strings.HasSuffix(path, "/slip")) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(trialWithin)) // a writer without one has no limit either
	}
}

// Tested is what came of trying a device.
type Tested struct {
	Result string `json:"result"` // ok or failed
	Say    string `json:"say"`
	Ask    string `json:"ask,omitempty"` // what only a person can see
	Do     string `json:"do"`
}

func (s *Server) testDevice(ctx context.Context, c command, _ struct{}) (Tested, error) {
	printer := slices.ContainsFunc(s.o.Desk.Standing(), func(d pos.Device) bool { return d.Name == c.ID && d.Role == pos.RolePrinter })
	if s.o.Till.Standing().Armed != "" && !printer { // the code would be a sale's, and so is the display
		return Tested{}, pos.Refuse("api.test", pos.ScannerBusy, "%q", c.ID)
	}
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	trial, err := s.o.Desk.Test(ctx, c.ID, s.paper().TestSlip(time.Now()))
	if err != nil {
		return Tested{}, err
	}
	lang := askerOf(ctx).lang
	args := map[string]string{"about": c.ID}
	maps.Copy(args, trial.Args)
	if family := args["family"]; family != "" {
		args["name"] = s.o.Words.Say(lang, "family."+family+".name", nil)
	}
	part := func(id string) string {
		if !s.o.Words.Has(id) {
			return ""
		}
		return s.o.Words.Say(lang, id, args)
	}
	test := "device.test." + trial.What
	v := Tested{Result: "failed", Say: cmp.Or(part(test+".say"), part("device.print."+trial.What)), Ask: part(test + ".ask"), Do: part(test + ".do")}
	if trial.OK {
		v.Result = "ok"
	} else {
		s.log.InfoContext(ctx, "device test", "device", c.ID, "came", trial.What)
	}
	return v, nil
}
