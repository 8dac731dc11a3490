import RACore

/// Runs pg_rewind, and understands what it says.
struct RewindProgram {
    let context: RejoinContext
    let role: RewindRole
    /// After so long without a word from it, it is ended.
    var stallSeconds = 600

    /// How it ended.
    struct Answer {
        let result: CommandResult
        let output: RewindOutput
        /// Whether it was ended because it had told all that was asked of it.
        var isEnough = false

        var isSuccess: Bool { isEnough || result.isSuccess }

        /// Why it failed, in its own words.
        var complaint: String {
            redactingPasswords(output.complaint.isEmpty ? result.summary : output.complaint)
        }
    }

    /// Has it look, and change nothing: only for data that were shut down cleanly, as it wouldn't see the rest.
    ///
    /// It is ended once it has told how much is to come: after that a dry run, too, has the source send everything, and
    /// throws it away (seen with 15.18: twice the bytes).
    func preview() -> Answer {
        follow(["--dry-run"], step: "looking at what differs", until: { $0.needed != nil }) {
            !Interruption.isRequested
        }
    }

    /// Has it do its work. A first interruption is left to the caller: ended now, the data would be of no use.
    func rewind() -> Answer {
        var isTold = false
        // One sync comes later, with what else is changed.
        return follow(["--no-sync"], step: "rewinding") {
            if Interruption.isRequested, !isTold {
                isTold = true
                context.progress.note(
                    "pg_rewind goes on, as half of its work is worse than none: once more, and it ends; the data will then "
                        + "need another run, or a copy"
                )
            }
            return !Interruption.isUrgent
        }
    }

    private func follow(
        _ words: [String],
        step: String,
        until isEnough: (RewindOutput) -> Bool = { _ in false },
        while goesOn: () -> Bool
    ) -> Answer {
        var output = RewindOutput()
        var heard = Moment.now()
        let take = { (line: Substring) in
            heard = .now()
            output.take(line)
            context.progress.see(.init(step, doneBytes: output.copied ?? 0, totalBytes: output.toCopy ?? output.needed))
        }
        context.progress.see(.init(step))
        let result = start(command(words)).follow(output: take, errors: take) {
            !isEnough(output) && goesOn() && Moment.now().milliseconds(since: heard) < stallSeconds * 1000
        }
        return Answer(result: result, output: output, isEnough: isEnough(output))
    }

    private func command(_ words: [String]) -> Command {
        let installation = context.installation
        let connection = ProgramConnection(role.target)
        let known = help
        var all = words + ["-D", installation.dataDirectory, "--source-server=\(connection.conninfo)", "--progress"]
        // It would run a recovery also where only its own work was left to be finished, and so fork the primary's timeline.
        if known.contains("--no-ensure-shutdown") { all.append("--no-ensure-shutdown") }
        let findsConfiguration = !isConfiguredElsewhere || known.contains("--config-file")
        if known.contains("--restore-target-wal"), findsConfiguration, hasRestoreCommand {
            all.append("--restore-target-wal")
        }
        if known.contains("--config-file"), isConfiguredElsewhere {
            all.append("--config-file=\(installation.configurationFile)")
        }
        var environment = connection.environment
        environment["PG_COLOR"] = "never"
        var command = Command(installation.program("pg_rewind"), all, environment: environment, as: context.account)
        command.group = .own
        return command
    }

    private var help: String {
        let result = run(
            Command(context.installation.program("pg_rewind"), ["--help"]),
            by: .after(milliseconds: 10_000)
        )
        return String(decoding: result.output, as: UTF8.self)
    }

    private var isConfiguredElsewhere: Bool {
        context.installation.configurationFile != context.installation.dataDirectory + "/postgresql.conf"
    }

    /// pg_rewind asks the configuration for it, and fails when there is none.
    var hasRestoreCommand: Bool {
        let program = ServerProgram(parameters: context.parameters, installation: context.installation)
        let result = run(program.settingCommand("restore_command"), by: .after(milliseconds: 10_000))
        return result.isSuccess && !lastLine(String(decoding: result.output, as: UTF8.self)).isEmpty
    }
}
