internal import Glibc
public import RACore

/// Puts a copy in the place of the former data, and takes that back; killed anywhere, it goes on from what is on the disk.
///
/// `prepare`, then `perform`; then either `undo`, or `finish` once the standby streams. The former data are removed by
/// `finish` alone, or by `removeFormer` when there is no room for two copies.
public struct SwapStep: Sendable {
    public let context: RejoinContext
    /// How many renames are done before it stops as if it were killed; nil for all.
    var limit: Int?
    /// What is there when the kernel has SELinux on.
    var labelMark = "/sys/fs/selinux/enforce"

    public init(context: RejoinContext) { self.context = context }

    var path: String { SwapStep.path(context.files) }
    static func path(_ files: RejoinFiles) -> String { files.directory + "/swap" }
    /// The control file of data that were removed before their copy was made.
    public var keptControlFile: String { context.files.directory + "/pg_control" }

    /// How far a swap is.
    public func state() -> SwapState { SwapStep.state(context.files) }

    /// How far the swap is that some files tell of.
    static func state(_ files: RejoinFiles) -> SwapState {
        switch record(files) {
        case .known(nil): .none
        case .known(let record?): SwapState(record, isNamed)
        case .unknown(let why): .unreadable(why: why)
        }
    }

    /// Whether former data are there that could come back.
    var canGoBack: Bool { (record().value ?? nil)?.canGoBack ?? false }

    /// The directories of the swap that is under way; nil without one.
    public func layout() -> CopyLayout? { (record().value ?? nil)?.layout }

    /// Writes down what is about to be renamed, for a copy that is whole and durable.
    ///
    /// - Throws: exit code 2 when a server works in the data directory, and 3 when the copy isn't there.
    public func prepare(_ layout: CopyLayout) throws(RejoinFailure) {
        let former = try require()
        if let former, former.phase != .inPlace {
            throw RejoinFailure(.resumable, "a swap is under way already. HINT: Go on with it, or undo it, first.")
        }
        try checkServers()
        let isInPlace = former?.phase == .inPlace
        try system { () throws(SystemError) in
            var record = SwapRecord(phase: .forward, canGoBack: !isInPlace, layout: layout)
            for place in layout.places {
                if !isInPlace { record.out += try self.out(place, layout) }
                record.into += try into(place, layout)
            }
            try write(record)
        }
    }

    private func out(_ place: CopyPlace, _ layout: CopyLayout) throws(SystemError) -> [SwapMove] {
        guard isNamed(place.directory) else { return [] }
        guard !isNamed(place.old) else { throw SystemError(code: EEXIST, "make \(place.old)") }
        guard place.isInside else { return [SwapMove(from: place.directory, to: place.old)] }
        let names = place.own(try listDirectory(place.directory), major: layout.major, mounted: mounted(place, layout))
        return names.map { SwapMove(from: place.directory + "/" + $0, to: place.old + "/" + $0) }
    }

    private func into(_ place: CopyPlace, _ layout: CopyLayout) throws(SystemError) -> [SwapMove] {
        guard place.role.isFilled else { return [] }
        guard isNamed(place.new) else { throw SystemError(code: ENOENT, "put in \(place.new)") }
        guard place.isInside else { return [SwapMove(from: place.new, to: place.directory)] }
        let names = place.own(try listDirectory(place.new), major: layout.major, mounted: mounted(place, layout))
        return names.map { SwapMove(from: place.new + "/" + $0, to: place.directory + "/" + $0) }
    }

    private func mounted(_ place: CopyPlace, _ layout: CopyLayout) -> [String] {
        place.role == .data ? layout.mounted : []
    }

    /// Renames what isn't renamed yet: the former data out, the new ones in.
    ///
    /// - Throws: exit code 4 when a rename fails: mended, it goes on where it stopped.
    public func perform() throws(RejoinFailure) {
        guard let record = try require() else { throw nothing }
        guard record.phase == .forward else {
            throw RejoinFailure(.resumable, "the swap is going back, or is being finished: it can't go on")
        }
        try checkServers()
        for move in record.into where !isNamed(move.from) && !isNamed(move.to) {
            throw RejoinFailure(
                .refused,
                "neither \(move.from) nor \(move.to) is there. HINT: Somebody removed the copy; see \(path) for what was exchanged."
            )
        }
        var count = 0
        try system { () throws(SystemError) in
            for move in record.out where !isNamed(move.to) {
                try makeFolder(of: move, record.layout)
                try rename(move, &count)
            }
            for move in record.into where isNamed(move.from) { try rename(move, &count) }
        }
        restoreLabels(record.layout)
    }

    /// The folder inside a place that its former entries go to: made once the record says so, as an empty one that nothing
    /// tells of would be taken for somebody's data.
    private func makeFolder(of move: SwapMove, _ layout: CopyLayout) throws(SystemError) {
        let folder = parentDirectory(move.to)
        guard let place = layout.places.first(where: { $0.isInside && $0.old == folder }), !isNamed(folder) else {
            return
        }
        try makeDirectory(folder, mode: 0o700, owner: context.account)
        try syncDirectory(place.directory)
    }

    /// What was made under another name may have another name's labels (restorecon(8)).
    private func restoreLabels(_ layout: CopyLayout) {
        guard FileFacts(labelMark) != nil else { return }
        let command = Command("restorecon", ["-R"] + layout.filled.map(\.directory))
        let result = run(command, by: .after(milliseconds: 600_000))
        if !result.isSuccess { context.progress.note("restorecon: \(result.summary)") }
    }

    /// Puts the former data back, and removes the new ones.
    ///
    /// - Parameter keepsNew: whether the new ones stay beside, under the names that they had before the swap.
    /// - Throws: exit code 2 when there are no former data to go back to.
    public func undo(keepsNew: Bool = false) throws(RejoinFailure) {
        guard var record = try require() else { throw nothing }
        guard record.canGoBack, record.phase == .forward || record.phase == .back else {
            throw RejoinFailure(.refused, "the former data have been removed: there is nothing to go back to")
        }
        // Where nothing was renamed, nothing is renamed back: a server may work on the former data.
        if state() != .prepared, state() != .undone { try checkServers() }
        record.phase = .back
        let fixed = record
        var count = 0
        try system { () throws(SystemError) in
            try write(fixed)
            for move in fixed.into.reversed() where !isNamed(move.from) {
                try rename(SwapMove(from: move.to, to: move.from), &count)
            }
            for move in fixed.out.reversed() where isNamed(move.to) {
                try rename(SwapMove(from: move.to, to: move.from), &count)
            }
            for place in fixed.layout.places where place.isInside { try removeEmpty(place.old) }
            if !keepsNew { for place in fixed.layout.filled { try removeTree(place.new) } }
            try removeRecord()
        }
    }

    /// Removes the former data and what the swap wrote down: there is no way back.
    ///
    /// To be called when the standby streams; only after all renames.
    public func finish() throws(RejoinFailure) {
        guard var record = try require() else { return }
        switch SwapState(record, isNamed) {
        case .swapped, .finishing: break
        case let state: throw RejoinFailure(.resumable, "the swap isn't done (\(state)): the former data stay")
        }
        record.phase = .finish
        record.canGoBack = false
        let fixed = record
        try system { () throws(SystemError) in
            try write(fixed)
            for place in fixed.layout.places {
                try removeTree(place.old)
                if place.isInside { try removeTree(place.new) }
            }
            try removeFile(keptControlFile)
            try removeRecord()
        }
    }

    private var nothing: RejoinFailure { RejoinFailure(.failed, "no swap is prepared") }

    /// A test's way to stop it between any two renames.
    private func rename(_ move: SwapMove, _ count: inout Int) throws(SystemError) {
        if let limit, count >= limit { throw SystemError(code: EINTR, "rename \(move.from) to \(move.to)") }
        count += 1
        guard Glibc.rename(move.from, move.to) == 0 else { throw SystemError("rename \(move.from) to \(move.to)") }
        let parents = [parentDirectory(move.to), parentDirectory(move.from)]
        for parent in parents[0] == parents[1] ? [parents[0]] : parents { try syncDirectory(parent) }
    }
}
