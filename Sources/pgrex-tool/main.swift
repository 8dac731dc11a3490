import PgrexCommands

// The process ends with the subcommand's documented exit code.
PgrexTool.runFromCommandLine()
