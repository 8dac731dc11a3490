import Foundation
import RACore
import RAKit
import RATestSupport

/// A node that failed and the primary of its cluster, for the command that brings it back.
final class FailedNode {
    /// How the node went.
    enum Way {
        /// It was shut down, and the other was promoted: it has nothing of its own.
        case stopped
        /// It went on alone: it has rows of its own.
        case diverged
    }

    let cluster: TestCluster
    /// What the start on the failed node does first, in words of the shell.
    var beforeStart = ""

    var node: TestInstance { cluster.instances[0] }
    var primary: TestInstance { cluster.instances[1] }
    private var folder: String { node.folder }
    private var own: OwnedFiles { OwnedFiles(directory: node.temporary) }
    var files: RejoinFiles { own.rejoin }
    /// Where former data stand until the copy streams.
    var formerData: String { node.data + ".rejoin-old" }
    var copy: String { node.data + ".rejoin-new" }
    /// A directory where servers may archive WAL, beside their data.
    var archive: String { folder + "/archive" }
    /// The file of the table that only the failed node has, from the data directory.
    private(set) var lostFile = ""

    /// - Parameter rows: of 200 bytes, what each of both writes alone.
    init(_ cluster: TestCluster, _ way: Way, rows: Int, settings: String) throws {
        self.cluster = cluster
        let (first, second) = (node.node, primary.node)
        // No commits but the test's.
        for instance in cluster.instances { try instance.append("autovacuum = off\n" + settings) }
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", archive], as: nil)
        try cluster.must("start", first)
        try cluster.must("promote", first)
        try cluster.must("start", second)
        try cluster.awaitStreaming(1)
        try cluster.must("monitor", first, .runningPromoted)
        try cluster.must("monitor", second)
        try node.query("INSERT INTO public.t SELECT generate_series(1, 100)")
        try cluster.awaitReplay(second, of: first)
        let filling = "SELECT g, repeat('x', 180) FROM generate_series(1, \(rows)) AS g"
        switch way {
        case .stopped:
            try cluster.must("stop", first)
            try cluster.fake.set(first, .offline)
        case .diverged:
            endServers(primary.data)
            try node.query("CREATE TABLE public.lost AS \(filling); CHECKPOINT")
            lostFile = node.value("SELECT pg_relation_filepath('public.lost')") ?? ""
            try cluster.cutPower(first)
            try cluster.must("start", second)
        }
        try cluster.must("promote", second)
        try cluster.fake.set(first, .online)
        cluster.primaryAddress = primary.address
        // Both would give their tables the same file names.
        let gap = (1...5).map { "CREATE TABLE public.gap\($0) (); DROP TABLE public.gap\($0); " }.joined()
        try primary.query(gap + "CREATE TABLE public.won AS \(filling)")
        try cluster.fake.clearLog()
    }

    /// Waits until no start that the command had begun is under way.
    func awaitStarts() {
        let mark = "\(cluster.fake.folder)/nodes/\(node.node)/starting"
        _ = try? waitFor("the end of the start", seconds: 40) { FileFacts(mark) == nil }
    }

    /// Why the last start on the failed node failed; nil when it didn't.
    var startReason: String? {
        let text = try? readText("\(cluster.fake.folder)/nodes/\(node.node)/start.err")
        return text?.split(separator: "\n").first { $0.hasPrefix("ocf-exit-reason:") }.map {
            String($0.dropFirst("ocf-exit-reason:".count))
        }
    }

    // What the cluster has of the resource

    /// Lines that the CIB has of constraints.
    var constraints = ""
    /// Meta attributes of the resource.
    var meta: [String: String] = [:]

    /// Writes what the CIB says, and what the controller does on the failed node.
    private func describe(_ instance: TestInstance) throws {
        let place = "\(cluster.fake.folder)/nodes/\(instance.node)"
        try replaceFile(place + "/resources", with: Array(resource(instance).utf8), mode: 0o644)
        try replaceFile(place + "/constraints", with: Array((constraints + "\n").utf8), mode: 0o644)
        try replaceFile(place + "/start", with: Array(startScript(instance, place).utf8), mode: 0o755)
    }

    private func resource(_ instance: TestInstance) -> String {
        func pairs(_ values: [String: String], _ id: String) -> String {
            values.sorted { $0.key < $1.key }.map { name, value in
                let text = value.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(
                    of: "<",
                    with: "&lt;"
                )
                .replacingOccurrences(of: "\"", with: "&quot;")
                return "<nvpair id=\"\(id)-\(name)\" name=\"\(name)\" value=\"\(text)\"/>\n"
            }.joined()
        }
        let meta = meta.merging(["promotable": "true", "notify": "true"]) { $1 }
        return """
            <clone id="pg-clone"><meta_attributes id="m">
            \(pairs(meta, "m"))</meta_attributes>
            <primitive id="pg" class="ocf" provider="heartbeat" type="pgsql-swift"><instance_attributes id="a">
            \(pairs(cluster.call(instance.node).parameters, "a"))</instance_attributes></primitive></clone>

            """
    }

    private func startScript(_ instance: TestInstance, _ place: String) -> String {
        """
        #!/bin/sh
        cd '\(place)' && mkdir starting || exit 0
        \(instance === node ? beforeStart : "")
        call=0
        [ ! -r operation ] || read -r _ _ call <operation
        \(cluster.call(instance.node).script("start")) >start.out 2>start.err
        code=$?
        if [ $code -ne 0 ]; then
            sed -n 's/^ocf-exit-reason://p' start.err | head -n 1 |
                sed 's/&/\\&amp;/g; s/"/\\&quot;/g; s/</\\&lt;/g' >reason
        fi
        echo "start $code $((call + 1))" >operation.new
        mv operation.new operation
        rmdir starting

        """
    }

    // The command

    private func call(on instance: TestInstance) throws -> AgentCall {
        try describe(instance)
        // Where it is asked for from elsewhere, the agent of the failed node does the work.
        if instance !== node { try describe(node) }
        var call = AgentCall()
        call.parameters = [:]
        call.meta = [:]
        call.environment = [
            "PATH": AgentBinary.fakeCommands + ":/usr/sbin:/usr/bin:/sbin:/bin", "USER": "operator",
        ]
        call.environment.merge(cluster.fake.environment(of: instance.node)) { $1 }
        call.program = AgentBinary.folder + "/pgrex-tool"
        return call
    }

    /// Runs the command to its end, on the failed node unless another is named.
    func rejoin(_ words: String..., on instance: TestInstance? = nil) throws -> AgentAnswer {
        try call(on: instance ?? node).run(["rejoin", "--wait", "30"] + words)
    }

    /// Starts the command.
    func begin(_ words: String..., on instance: TestInstance? = nil) throws -> RunningTool {
        try RunningTool(call(on: instance ?? node), ["rejoin", "--wait", "30"] + words, folder)
    }

    func tool(_ words: String...) throws -> AgentAnswer { try call(on: node).run(words) }

    /// Programs of the failed node, one of them replaced by a script; REAL stands for the real one.
    func replaceProgram(_ name: String, by script: String) throws {
        let bin = folder + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for program in try listDirectory(PostgreSQL.programs) {
            try PostgreSQL.asOwner(
                "/bin/ln",
                ["-sf", "\(PostgreSQL.programs)/\(program)", "\(bin)/\(program)"],
                as: nil
            )
        }
        // The programs are looked for where this one really is.
        for (program, text) in [("pg_ctl", "exec REAL \"$@\""), (name, script)] {
            let lines = text.replacingOccurrences(of: "REAL", with: "\(PostgreSQL.programs)/\(program)")
            try removeFile("\(bin)/\(program)")
            try replaceFile("\(bin)/\(program)", with: Array("#!/bin/sh\n\(lines)\n".utf8), mode: 0o755)
        }
        cluster.parameters["pgctl"] = bin + "/pg_ctl"
    }

    /// Programs as they are installed.
    func restorePrograms() { cluster.parameters["pgctl"] = PostgreSQL.programs + "/pg_ctl" }

    // What must be so

    /// Every file of the data and of the agent, with size, time and place: what changes when anything does. The locks
    /// by which one works at a time don't count.
    func listing() throws -> [String] {
        let places = [node.data, node.temporary]
        let words = ["(", "-type", "d", "-printf", "%p\\n", "-o", "-printf", "%p %s %T@ %i\\n", ")"]
        let lines = try PostgreSQL.asOwner("/usr/bin/find", places + words, as: nil).split(separator: "\n").map(
            String.init
        )
        let passing = [node.data + "/postmaster.pid ", files.runLock + " ", files.dataLock + " "]
        return lines.filter { line in line != files.directory && !passing.contains { line.hasPrefix($0) } }.sorted()
    }

    /// It streams, and has the primary's rows and no others.
    ///
    /// - Parameter standbys: how many the primary has then.
    func mustFollow(standbys: Int = 1) throws {
        try primary.query("INSERT INTO public.t VALUES (4711)")
        try cluster.awaitStreaming(standbys, from: primary.node)
        try cluster.awaitReplay(node.node, of: primary.node)
        let question = """
            SELECT ROW((SELECT count(*) FROM public.t), (SELECT sum(g) FROM public.won), to_regclass('public.lost'))::text
            """
        let texts = [node, primary].map { $0.value(question) }
        guard let text = texts[0], text == texts[1], node.isInRecovery == true else {
            throw TestFailure("\(node.node) has \(texts[0] ?? "?"), \(primary.node) \(texts[1] ?? "?")")
        }
        awaitStarts()
    }

    /// Nothing is left beside the data, and nothing says that a rejoin is under way.
    func leftovers() -> [String] {
        [formerData, copy, files.journal, files.taint, files.configuration, files.rewindWAL].filter {
            FileFacts($0) != nil
        }
    }

    /// The table that the primary doesn't have is in the former data, wherever these are.
    var hasLostRows: Bool {
        [node.data, formerData].contains { FileFacts($0 + "/" + lostFile) != nil }
    }

    var journal: RejoinJournal? { (try? readText(files.journal)).flatMap { RejoinJournal(text: $0) } }

    var ledger: [LedgerEntry] { (try? LedgerBook(directory: own.ledger).read().entries) ?? [] }
}

/// The command while it works.
final class RunningTool {
    private let process = Process()
    private let output: String

    init(_ call: AgentCall, _ words: [String], _ folder: String) throws {
        output = "\(folder)/tool.\(RunningTool.counter.next())"
        try Data().write(to: URL(fileURLWithPath: output))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.executableURL = URL(fileURLWithPath: call.program)
        process.arguments = words
        process.environment = call.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    private static let counter = Counter()

    var text: String { (try? readText(output)) ?? "" }
    var processID: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for its end; its exit code, nil when a signal ended it.
    func end() throws -> Int32? {
        try waitFor("the end of the command: \(text)", seconds: 60) { !self.process.isRunning }
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }

    /// As a power cut or the kernel does it.
    func kill9() throws {
        signal(SIGKILL)
        guard try end() == nil else { throw TestFailure("the command had ended before it was killed: \(text)") }
    }
}

/// Runs a test on a failed node, and leaves nothing of it behind.
func withFailedNode(
    _ way: FailedNode.Way,
    nodes: [String] = ["n1", "n2"],
    rows: Int = 100,
    settings: String = "",
    _ parameters: [String: String] = [:],
    _ body: (FailedNode) throws -> Void
) throws {
    try withCluster(.async, nodes: nodes, parameters) { cluster in
        let failed = try FailedNode(cluster, way, rows: rows, settings: settings)
        defer { failed.awaitStarts() }
        try body(failed)
    }
}
