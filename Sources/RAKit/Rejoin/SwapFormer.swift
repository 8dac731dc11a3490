internal import Glibc
public import RACore

extension SwapStep {
    /// Removes the former data to make room for their copy, which must follow: until then nothing here can be started.
    ///
    /// The control file is kept, which tells whose data they were. The caller has kept what else mustn't be lost. It may be
    /// called again after it was killed.
    public func removeFormer(_ layout: CopyLayout) throws(RejoinFailure) {
        let former = try require()
        guard former == nil || former?.phase == .inPlace else {
            throw RejoinFailure(
                .resumable,
                "a swap is under way: its former data stay. HINT: Go on with it, or undo it, first."
            )
        }
        try checkServers()
        try system { () throws(SystemError) in
            try keepControlFile(layout)
            // Places of the first attempt: what is half removed can't be read any more.
            let places = former?.layout ?? layout
            try write(SwapRecord(phase: .inPlace, canGoBack: false, layout: places))
            for place in places.places {
                for name in SwapStep.formerEntries(place, places) { try removeTree(place.directory + "/" + name) }
                // A new directory is renamed to its name.
                if !place.isInside { try removeEmpty(place.directory) }
            }
        }
    }

    func keepControlFile(_ layout: CopyLayout) throws(SystemError) {
        guard let content = try? readFile(layout.data.directory + "/global/pg_control") else { return }
        try prepareFolder()
        try replaceFile(keptControlFile, with: content, owner: context.account)
    }

    static func formerEntries(_ place: CopyPlace, _ layout: CopyLayout) -> [String] {
        let names = (try? listDirectory(place.directory)) ?? []
        return place.own(names, major: layout.major, mounted: place.role == .data ? layout.mounted : [])
    }

    /// What removing the former data gives back to the disk.
    static func formerBytes(_ place: CopyPlace, _ layout: CopyLayout) -> UInt64 {
        let names = Set(formerEntries(place, layout))
        return allocatedBytes(place.directory) { names.contains($0) }
    }

    func removeEmpty(_ path: String) throws(SystemError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove directory \(path)") }
    }

    func checkServers() throws(RejoinFailure) {
        let directory = context.installation.dataDirectory
        guard let process = findServerProcesses(dataDirectory: directory).first else { return }
        throw RejoinFailure(
            .refused,
            "process \(process), a PostgreSQL server, works in \"\(directory)\". HINT: Stop it first; see 'ps -f \(process)'."
        )
    }
}

/// What a swap writes down.
extension SwapStep {
    func record() -> Observed<SwapRecord?> { SwapStep.record(context.files) }

    static func record(_ files: RejoinFiles) -> Observed<SwapRecord?> {
        let path = path(files)
        do throws(SystemError) {
            guard let record = SwapRecord(text: try readText(path)) else {
                return .unknown(why: "\(path) isn't what a swap writes")
            }
            return .known(record)
        } catch {
            return error.isMissing ? .known(nil) : .unknown(why: error.description)
        }
    }

    func require() throws(RejoinFailure) -> SwapRecord? {
        switch record() {
        case .known(let record): return record
        case .unknown(let why):
            throw RejoinFailure(
                .refused,
                "\(why). HINT: It says which directories are half exchanged: don't remove it."
            )
        }
    }

    func prepareFolder() throws(SystemError) {
        try ensureDirectory(context.files.directory, mode: 0o700, owner: context.account)
    }

    func write(_ record: SwapRecord) throws(SystemError) {
        try prepareFolder()
        try replaceFile(path, with: Array(record.text.utf8), owner: context.account)
    }

    func removeRecord() throws(SystemError) {
        try removeFile(path)
        try syncDirectory(context.files.directory)
    }

    func system(_ body: () throws(SystemError) -> Void) throws(RejoinFailure) {
        do throws(SystemError) {
            try body()
        } catch {
            throw RejoinFailure(
                .resumable,
                "\(error.description). HINT: Run it again when that is mended: it goes on from there."
            )
        }
    }
}
