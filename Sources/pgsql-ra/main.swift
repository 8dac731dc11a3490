import RAKit

// The whole agent is in RAKit: this file only joins it to the process.
exit(withCode: runAgent(arguments: Array(CommandLine.arguments.dropFirst())))
