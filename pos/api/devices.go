package api

import (
	"context"
	"maps"
	"net/http"
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

// patient gives a trial more time than other requests have to be read: the limit on reading also ends a
// request that is being worked at.
func patient(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/devices/") {
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
	if s.o.Till.Standing().Armed != "" {
		return Tested{}, pos.Refuse("api.test", pos.ScannerBusy, "%q", c.ID) // the code would be a sale's
	}
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	trial, err := s.o.Desk.Test(ctx, c.ID)
	if err != nil {
		return Tested{}, err
	}
	lang := askerOf(ctx).lang
	args := map[string]string{"about": c.ID}
	maps.Copy(args, trial.Args)
	if family := args["family"]; family != "" {
		args["name"] = s.o.Words.Say(lang, "family."+family+".name", nil)
	}
	part := func(which string) string {
		if id := "device.test." + trial.What + which; s.o.Words.Has(id) {
			return s.o.Words.Say(lang, id, args)
		}
		return ""
	}
	v := Tested{Result: "failed", Say: part(".say"), Ask: part(".ask"), Do: part(".do")}
	if trial.OK {
		v.Result = "ok"
	} else {
		s.log.InfoContext(ctx, "device test", "device", c.ID, "came", trial.What)
	}
	return v, nil
}
