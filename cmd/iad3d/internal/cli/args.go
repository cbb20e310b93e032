package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// require makes flags of a command mandatory.
func require(cmd *cobra.Command, flags ...string) {
	for _, f := range flags {
		if err := cmd.MarkFlagRequired(f); err != nil {
			panic(err)
		}
	}
}

// complete gives the shell the values of a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// noArgs, oneArg and someArgs are what commands take beside flags.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return nil
}

func oneArg(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("want one file, not %d", len(args))
	}
	return nil
}

func someArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("no scan given")
	}
	return nil
}

// badFlag words an error of the flag parser.
func badFlag(err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("--%s %s: want %s", e.GetFlag().Name, e.GetValue(), wanted(e.GetFlag().Value.Type()))
	}
	return usage(err)
}

// wanted describes a type of flag value.
func wanted(kind string) string {
	switch kind {
	case "int":
		return "a whole number"
	case "intSlice":
		return "whole numbers joined by commas"
	case "float64Slice":
		return "numbers joined by commas"
	case "uint64":
		return "a whole number from 0 on"
	case "duration":
		return "a time such as 2s"
	case "float64":
		return "a number"
	}
	return "true or false"
}
