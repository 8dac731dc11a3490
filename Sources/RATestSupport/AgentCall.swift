public import RAKit

/// One call of the agent: what Pacemaker passes it through the environment.
public struct AgentCall: Sendable {
    /// Resource parameters, by their bare names.
    public var parameters: [String: String] = [:]
    /// Meta attributes, by their names without "CRM_meta_".
    public var meta: [String: String] = ["timeout": "20000", "interval": "10000"]
    /// Everything else; nothing is inherited but what is here.
    public var environment: [String: String] = [
        "PATH": AgentBinary.fakeCommands + ":/usr/sbin:/usr/bin:/sbin:/bin", "OCF_ROOT": "/usr/lib/ocf",
        "OCF_RESOURCE_INSTANCE": "pg", "OCF_RA_VERSION_MAJOR": "1", "OCF_RA_VERSION_MINOR": "1",
    ]
    public var program = AgentBinary.agent
    /// Words before the program: "strace -f ..." and the like.
    public var prefix: [String] = []
    /// Who runs it; nil for this process's user.
    public var account: Account?

    public init() {}

    /// Makes the environment that the call sees, and nothing else.
    private var variables: [String: String?] {
        var all: [String: String?] = [:]
        for name in environmentNames() { all[name] = .some(nil) }
        for (name, value) in environment { all[name] = value }
        for (name, value) in parameters { all["OCF_RESKEY_" + name] = value }
        for (name, value) in meta { all["OCF_RESKEY_CRM_meta_" + name] = value }
        return all
    }

    /// The call as a line of a shell script, which depends on nothing of the script's environment.
    public func script(_ arguments: String...) -> String { script(arguments) }

    public func script(_ arguments: [String]) -> String {
        let settings = variables.compactMap { name, value in value.map { "\(name)=\($0)" } }.sorted()
        return (["/usr/bin/env", "-i"] + settings + prefix + [program] + arguments).map(shellWord).joined(
            separator: " "
        )
    }

    /// Runs the agent with these words; it is killed when it lasts longer than any operation may.
    public func run(_ arguments: String...) -> AgentAnswer { run(arguments) }

    public func run(_ arguments: [String]) -> AgentAnswer {
        let words = prefix + [program] + arguments
        let command = Command(words[0], Array(words.dropFirst()), environment: variables, as: account)
        let begin = Moment.now()
        let result = RAKit.run(command, by: .after(milliseconds: 60_000))
        return AgentAnswer(result, milliseconds: Moment.now().milliseconds(since: begin))
    }
}

private func shellWord(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// What the agent answered.
public struct AgentAnswer: Sendable, CustomStringConvertible {
    /// nil when it didn't exit by itself.
    public let code: Int32?
    public let end: CommandEnd
    public let output: String
    public let errors: String
    public let milliseconds: Int

    init(_ result: CommandResult, milliseconds: Int) {
        end = result.end
        if case .exited(let code) = result.end { self.code = code } else { code = nil }
        output = String(decoding: result.output, as: UTF8.self)
        errors = String(decoding: result.errors, as: UTF8.self)
        self.milliseconds = milliseconds
    }

    /// What Pacemaker would show beside a failure: one a line that begins with "ocf-exit-reason:".
    public var exitReasons: [String] {
        let mark = "ocf-exit-reason:"
        return errors.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(mark) }.map {
            String($0.dropFirst(mark.count))
        }
    }

    /// The one exit reason; "" when there is none, or more than one.
    public var reason: String { exitReasons.count == 1 ? exitReasons[0] : "" }

    public var description: String { "\(end) after \(milliseconds) ms\n\(output)\(errors)" }
}
