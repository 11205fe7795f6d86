package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"posd/configs"
	"posd/devices"
	"posd/devices/profiles"
)

// products is the profiles of a register, the shipped ones and its own.
type products struct {
	set      profiles.Set
	replaced []string // shipped ones in whose place one of the register's own counts
	faults   Faults
}

// profilesDir is the folder of the register's own profiles.
func (c Config) profilesDir() string { return profilesDir(c.Profiles, c.Data) }

func profilesDir(folder, data string) string {
	if folder == "" {
		return filepath.Join(data, "profiles")
	}
	return folder
}

// openProducts reads every profile and holds its settings against its driver, also where no device uses it: a
// technician who brings a profile along learns at once what is wrong with it.
func openProducts(folder, data string, k known) (p products) {
	dir := profilesDir(folder, data)
	set, replaced, err := profiles.Open(k.Profiles, os.DirFS(dir), dir)
	var wrong profiles.Faults
	if errors.As(err, &wrong) {
		for _, f := range wrong {
			p.faults = append(p.faults, productFault(f))
		}
		return p
	}
	for _, one := range set.All() {
		if err := k.fits(withSettings(devices.Config{Name: one.Name, Role: one.Role, Driver: one.Driver, Baud: one.Baud}, one)); err != nil {
			p.faults = append(p.faults, productFault(profiles.Fault{File: one.File, Key: string(one.Role), Why: err.Error(), Remedy: "correct it, or remove the file"}))
		}
	}
	p.set, p.replaced = set, replaced
	return p
}

func productFault(f profiles.Fault) Fault {
	key := f.File
	if f.Key != "" {
		key += ": " + f.Key
	}
	return Fault{Key: key, Why: f.Why, Remedy: f.Remedy}
}

func (k known) fits(c devices.Config) error {
	if k.Fits == nil {
		return nil
	}
	return k.Fits(c)
}

// withSettings gives a device what its profile says about it.
func withSettings(c devices.Config, p profiles.Profile) devices.Config {
	c.Scanner, c.Display, c.Printer = p.Scanner, p.Display, p.Printer
	return c
}

// device is a configured device as the desk knows it.
func (c Config) device(d Device) devices.Config {
	product, _ := c.products.set.Find(d.Profile)
	return withSettings(devices.Config{Name: d.Name, Role: d.Role, Driver: d.Driver, Port: d.Port, Baud: d.Baud}, product)
}

func (f *face) profilesCommand() *cobra.Command {
	return &cobra.Command{Use: "profiles", Short: "List the products that are known, shipped and of this register", Args: nothing,
		Example: "  posd config profiles\n  posd config profiles --config /etc/posd/posd.toml     with those of this register",
		RunE:    func(*cobra.Command, []string) error { return f.listProfiles() }}
}

// product is a profile as people and programs read it.
type product struct {
	Name   string         `json:"name"`
	Maker  string         `json:"maker"`
	Model  string         `json:"model"`
	Role   string         `json:"role"`
	Driver string         `json:"driver"`
	Baud   int            `json:"baud"`
	USB    []profiles.USB `json:"usb"`
	Source string         `json:"source"`
	Notes  string         `json:"notes"`
	File   string         `json:"file"`
}

// listProfiles lists what the configuration's register knows, or what is shipped when none is named.
func (f *face) listProfiles() error {
	set, _, err := profiles.Open(configs.Profiles(), nil, "")
	if err != nil {
		return coded{exitInternal, err}
	}
	if f.config != "" {
		l, _, err := f.load()
		if err != nil {
			return err
		}
		set = l.products.set
	}
	list, rows := []product{}, [][]string{{"PROFILE", "ROLE", "DRIVER", "MAKER", "MODEL"}}
	for _, p := range set.All() {
		list = append(list, product{p.Name, p.Maker, p.Model, string(p.Role), p.Driver, p.Baud, p.USB, p.Source, p.Notes, p.File})
		rows = append(rows, []string{p.Name, string(p.Role), p.Driver, p.Maker, p.Model})
	}
	if f.json {
		return writeJSON(f.stdout, list)
	}
	table(f.stdout, rows)
	return nil
}
