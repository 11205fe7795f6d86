package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"posd/devices"
	"posd/devices/ports"
	"posd/pos"
)

// groups looks at who runs this: root may do everything, and finds nothing that the register's user may not.
func (d *doctor) groups(context.Context) []finding {
	args := []string{"user", d.user, "groups", strings.Join(d.memberOf, ", ")}
	switch {
	case runtime.GOOS == "windows":
		return []finding{{skipped, "windows", nil}}
	case d.root:
		return []finding{{worrying, "root", args}}
	case !slices.Contains(d.memberOf, "posd") && !slices.Contains(d.memberOf, "dialout"):
		return []finding{{worrying, "neither", args}}
	}
	return []finding{{wentWell, "member", args}}
}

// plugged looks at what is plugged in: what no configuration names, what may fall asleep, and whether the rules
// that give rights are there.
func (d *doctor) plugged(context.Context) (found []finding) {
	var configured []devices.Config
	for _, device := range d.cfg.Devices {
		configured = append(configured, devices.Config{Name: device.Name, Port: device.Port})
	}
	var loose, makers []string
	for _, f := range devices.Discover(d.parts.roots, d.cfg.products.set, configured) {
		if f.Vendor == "" || f.Kind == pos.PortKeys && len(f.Matches) == 0 {
			continue // a port of the board, somebody's keyboard
		}
		if len(f.Matches) > 0 || f.Device != "" {
			makers = append(makers, f.Vendor)
		}
		if f.Sleeps && f.Device != "" {
			found = append(found, finding{worrying, "sleeps", []string{"name", f.Device}})
		}
		if f.Device == "" && (f.Kind != pos.PortHID || len(f.Matches) > 0) {
			loose = append(loose, strings.TrimSpace(f.Maker+" "+f.Model+" "+f.Port))
		}
	}
	if len(makers) > 0 && !slices.ContainsFunc(d.rules, func(file string) bool { return exists(file) }) {
		found = append(found, finding{worrying, "no_rules", nil})
	}
	if d.runs("ModemManager") {
		found = append(found, finding{worrying, "modem_manager", nil})
	}
	if len(loose) > 0 {
		found = append(found, finding{wentWell, "loose", []string{"found", strings.Join(loose[:min(len(loose), 5)], ", ")}})
	}
	if found == nil {
		found = []finding{{wentWell, "all_known", []string{"n", strconv.Itoa(len(d.cfg.Devices))}}}
	}
	return found
}

// runs reports whether a program of that name runs.
func (d *doctor) runs(name string) bool {
	list, err := filepath.Glob(filepath.Join(d.proc, "[0-9]*", "comm"))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.TrimSpace(string(text)) == name
	})
}

// holder names another program that has a node open, as far as this user may see.
func (d *doctor) holder(node string) string {
	to, err := filepath.EvalSymlinks(node)
	if err != nil || strings.HasPrefix(to, "/dev/pts/") { // the other end of a virtual device is a program
		return ""
	}
	list, err := filepath.Glob(filepath.Join(d.proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return ""
	}
	for _, file := range list {
		if at, err := os.Readlink(file); err != nil || at != to {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		if text, err := os.ReadFile(filepath.Join(process, "comm")); err == nil && strings.TrimSpace(string(text)) != "posd" {
			return strings.TrimSpace(string(text)) + " (" + filepath.Base(process) + ")"
		}
	}
	return ""
}

// ports looks at every port of a role. It opens none: that would reset a device which the daemon holds.
func (d *doctor) ports(role pos.Role) (found []finding) {
	for _, device := range d.cfg.Devices {
		if device.Role == role {
			found = append(found, d.port(device))
		}
	}
	if found == nil {
		result := worrying
		if role == pos.RolePrinter {
			result = wentWell // many counters have none
		}
		found = []finding{{result, "none", nil}}
	}
	return found
}

func (d *doctor) port(device Device) finding {
	args := []string{"name", device.Name, "port", device.Port, "user", d.user}
	if runtime.GOOS == "windows" {
		return finding{skipped, "unseen", args}
	}
	node, err := ports.Resolve(d.parts.roots, device.Port, devices.Carriers(device.Driver)...)
	if errors.Is(err, ports.ErrSeveral) {
		return finding{broken, "several", append(args, "why", err.Error())}
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(node)
	}
	switch {
	case err != nil && !errors.Is(err, fs.ErrPermission):
		return finding{broken, "absent", append(args, "found", strings.Join(d.pluggedIn(), " "))}
	case err == nil && info.Mode()&fs.ModeCharDevice == 0:
		return finding{broken, "no_device", args}
	case !d.mayOpen(node):
		return finding{broken, "no_rights", append(args, "group", d.groupOf(node))}
	}
	if who := d.holder(node); who != "" {
		return finding{broken, "held", append(args, "who", who)}
	}
	return finding{wentWell, "there", args}
}

// pluggedIn lists the names of what is there and that no device has.
func (d *doctor) pluggedIn() (names []string) {
	var configured []devices.Config
	for _, device := range d.cfg.Devices {
		configured = append(configured, devices.Config{Name: device.Name, Port: device.Port})
	}
	for _, f := range devices.Discover(d.parts.roots, d.cfg.products.set, configured) {
		if f.Device == "" && f.Vendor != "" {
			names = append(names, f.Port)
		}
	}
	return names[:min(len(names), 5)]
}

// queueLong is how long something may wait before a person should look.
const queueLong = 24 * time.Hour

// queue counts what waits in the register file.
func (d *doctor) queue(ctx context.Context) []finding {
	file := filepath.Join(d.cfg.Data, registerFile)
	if d.parts.waiting == nil || !exists(file) {
		return []finding{{wentWell, "empty", nil}}
	}
	n, oldest, err := d.parts.waiting(ctx, file)
	args := []string{"n", strconv.Itoa(n), "limit", strconv.Itoa(d.cfg.Limits.Unfinished), "age", d.now.Sub(oldest).Round(time.Minute).String()}
	switch {
	case err != nil:
		return []finding{{skipped, "unreadable", nil}} // the journal's check says more
	case n == 0:
		return []finding{{wentWell, "empty", nil}}
	case d.now.Sub(oldest) > queueLong:
		return []finding{{worrying, "old", args}}
	}
	return []finding{{wentWell, "waits", args}}
}

// overdueCopy is when a nightly copy was missed for certain.
const overdueCopy = 49 * time.Hour

// backups looks at the newest copy and whether another one could be made.
func (d *doctor) backups(context.Context) []finding {
	dir := d.cfg.backupDir()
	args := []string{"path", dir, "user", d.user}
	if at := standing(dir); !writable(at) {
		return []finding{{broken, "no_rights", args}}
	}
	if d.parts.copies == nil || !exists(filepath.Join(d.cfg.Data, registerFile)) {
		return []finding{{wentWell, "not_yet", args}}
	}
	newest, err := d.parts.copies(dir)
	args = append(args, "time", newest.UTC().Format("2006-01-02 15:04 UTC"))
	switch {
	case err != nil:
		return []finding{{broken, "no_rights", args}}
	case newest.IsZero():
		return []finding{{worrying, "none", args}}
	case d.now.Sub(newest) > overdueCopy:
		return []finding{{worrying, "old", args}}
	}
	return []finding{{wentWell, "recent", args}}
}
