package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	helmcmd "helm.sh/helm/v4/pkg/cmd"
	helmkube "helm.sh/helm/v4/pkg/kube"
	genericapiserver "k8s.io/apiserver/pkg/server"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwokcmd "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
	metricsserverapp "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

// kwok reads its flags twice: first those of logging and of the configuration files, which decide what the rest
// may be.
func kwok() int {
	dropGlobalFlags()
	first := pflag.NewFlagSet("global", pflag.ContinueOnError)
	first.ParseErrorsAllowlist.UnknownFlags = true
	first.Usage = func() {}
	ctx, logger := kwoklog.InitFlags(signals.SetupSignalContext(), first)
	ctx, err := kwokconfig.InitFlags(ctx, first)
	if err != nil {
		logger.Error("Reading the configuration failed", "err", err)
		return 1
	}
	command := kwokcmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(first)
	if err := command.ExecuteContext(ctx); err != nil {
		logger.Error("Ended", "err", err)
		return 1
	}
	return 0
}

func metricsServer() int {
	dropGlobalFlags()
	if err := metricsserverapp.NewMetricsServerCommand(genericapiserver.SetupSignalHandler()).Execute(); err != nil {
		return 1
	}
	return 0
}

func helm() int {
	dropGlobalFlags()
	helmkube.ManagedFieldsManager = "helm"
	command, err := helmcmd.NewRootCmd(os.Stdout, os.Args[1:], helmcmd.SetupLogging)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	err = command.Execute()
	var failed helmcmd.CommandError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		return failed.ExitCode
	default:
		return 1
	}
}
