package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"posd/configs"
	"posd/devices"
	"posd/pos/words"
)

// face is what every command needs: where to write, and what the flags of all commands said.
type face struct {
	stdin          *os.File
	sits           bool // a person sits at stdin
	stdout, stderr io.Writer
	parts          parts
	config         string
	json           bool
}

// commands lists every command there is.
func commands(p parts, stdin *os.File, stdout, stderr io.Writer) *cobra.Command {
	f := &face{stdin: stdin, sits: terminal(stdin), stdout: stdout, stderr: stderr, parts: p}
	root := &cobra.Command{
		Use:   "posd",
		Short: "The register daemon: takes Alipay and WeChat Pay at the counter",
		Example: `  posd setup --config posd.toml              asks for what it cannot find out, and writes a configuration
  posd config check --config posd.toml       every fault at once
  posd doctor --config posd.toml             what else could be in the way
  posd serve --config posd.toml              serve the counter`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(fmt.Errorf("there is no command %q; posd --help lists them", args[0]))
		},
		RunE: f.serve,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.PersistentFlags().StringVar(&f.config, "config", "", "the configuration `FILE` (default "+defaultConfig+")")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve the counter until told to stop (so does posd alone)", Args: nothing, RunE: f.serve},
		f.configCommands(), f.journalCommands(), f.setupCommand(), f.rehearseCommand(), f.doctorCommand(), f.supportCommand(), f.recordCommand(), f.replayCommand(), f.versionCommand())
	return root
}

func (f *face) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&f.json, "json", false, "answer in JSON")
	return cmd
}

// group is a command that only holds others.
func group(use, short string, inner ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage(fmt.Errorf("there is no command %q; %s --help lists them", cmd.CommandPath()+" "+args[0], cmd.CommandPath()))
		}
		return usage(fmt.Errorf("%s wants one more word; %s --help lists them", cmd.CommandPath(), cmd.CommandPath()))
	}}
	cmd.AddCommand(inner...)
	return cmd
}

// load reads the configuration that the flags name.
func (f *face) load() (loaded, *words.Catalogue, error) {
	catalogue, err := words.Open()
	if err != nil {
		return loaded{}, nil, coded{exitInternal, err}
	}
	l, err := loadConfig(f.config, os.Environ(), f.known(catalogue))
	return l, catalogue, err
}

// abilities is known, for who has no configuration yet.
func (f *face) abilities() (known, error) {
	catalogue, err := words.Open()
	if err != nil {
		return known{}, coded{exitInternal, err}
	}
	return f.known(catalogue), nil
}

// known is what this build of the register can do.
func (f *face) known(catalogue *words.Catalogue) known {
	return known{Dialects: slices.Sorted(maps.Keys(dialects())), Languages: catalogue.Languages(), Drivers: f.parts.drivers,
		Profiles: configs.Profiles(), Fits: devices.Fits}
}

func (f *face) serve(cmd *cobra.Command, _ []string) error {
	l, _, err := f.load()
	if err != nil {
		return err
	}
	return serve(cmd.Context(), l.Config, f.stderr)
}

func (f *face) configCommands() *cobra.Command {
	check := &cobra.Command{Use: "check", Short: "Name everything that is wrong with a configuration",
		Example: "  posd config check --config /etc/posd/posd.toml", Args: nothing, RunE: f.checkConfig}
	show := &cobra.Command{Use: "show", Short: "Print the values that count, and where each comes from",
		Example: "  posd config show --config /etc/posd/posd.toml\n  posd config show --default > posd.toml\n" +
			"  posd config show --udev > /etc/udev/rules.d/70-posd.rules\n  posd config show --unit > /etc/systemd/system/posd.service", Args: nothing}
	byDefault := show.Flags().Bool("default", false, "print the commented default configuration")
	rules := show.Flags().Bool("udev", false, "print the udev rules")
	unit := show.Flags().Bool("unit", false, "print the systemd unit")
	show.RunE = func(*cobra.Command, []string) error {
		for file, wanted := range map[string]bool{"posd.toml": *byDefault, "udev/70-posd.rules": *rules, "systemd/posd.service": *unit} {
			if wanted {
				text, err := fs.ReadFile(configs.Files(), file)
				if err == nil {
					_, err = f.stdout.Write(text)
				}
				return err
			}
		}
		return f.showConfig()
	}
	return group("config", "Check and show the configuration", f.withJSON(check), f.withJSON(show), f.withJSON(f.profilesCommand()))
}

func (f *face) checkConfig(*cobra.Command, []string) error {
	_, _, err := f.load()
	if !f.json {
		if err == nil {
			fmt.Fprintln(f.stdout, "the configuration is sound")
		}
		return err
	}
	var faults Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	answer := struct {
		OK     bool   `json:"ok"`
		Faults Faults `json:"faults"`
	}{err == nil, append(Faults{}, faults...)}
	if err := writeJSON(f.stdout, answer); err != nil {
		return err
	}
	if err != nil {
		return coded{exitConfiguration, errSaid}
	}
	return nil
}

// worth is one key as it counts.
type worth struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	From  string `json:"from"`
}

// showConfig prints the values that count. Secrets are named by the path of their file.
func (f *face) showConfig() error {
	l, _, err := f.load()
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(f.stdout, struct {
			Values  []worth  `json:"values"`
			Devices []Device `json:"devices"`
		}{l.worths(), append([]Device{}, l.Devices...)})
	}
	rows := [][]string{{"KEY", "VALUE", "FROM"}}
	for _, w := range l.worths() {
		text, err := json.Marshal(w.Value)
		if err != nil {
			return coded{exitInternal, err}
		}
		rows = append(rows, []string{w.Key, string(text), w.From})
	}
	for _, d := range l.Devices {
		product := ""
		if d.Profile != "" {
			product = "profile " + d.Profile + ", "
		}
		rows = append(rows, []string{"device[" + d.Name + "]", fmt.Sprintf("%s, %sdriver %s, %s, %d baud", d.Role, product, d.Driver, d.Port, d.Baud), l.from["device"]})
	}
	table(f.stdout, rows)
	return nil
}

// worths lists every key but the devices in the order of the default file.
func (l loaded) worths() (list []worth) {
	for _, s := range settings {
		value := l.values.Get(s.key)
		switch s.key {
		case "device":
			continue
		case "acquirer.token_file":
			value = l.Acquirer.TokenFile
		}
		list = append(list, worth{s.key, value, l.from[s.key]})
	}
	return list
}

func writeJSON(w io.Writer, what any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(what)
}
