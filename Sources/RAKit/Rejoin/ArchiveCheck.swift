internal import Glibc
internal import RACore

/// What is wrong with a file that should be a segment.
enum ArchiveFault: Error, Sendable, Hashable {
    /// Another try may bring it whole.
    case bad(why: String)
    /// Nothing that an archive could do about it.
    case local(why: String)

    var why: String {
        switch self {
        case .bad(let why), .local(let why): why
        }
    }
}

/// Unpacks what an origin brought, and looks whether it is the segment that it should be.
struct ArchiveCheck: Sendable {
    let account: Account
    let system: UInt64
    let history: TimelineHistory
    /// Bytes of a WAL page; nil when no local file tells.
    let blockSize: UInt64?
    /// Where a program stands.
    var find: @Sendable (String) -> String? = { findProgram($0) }

    /// Makes a verified segment of a brought file; that is gone afterwards, or is bad.
    ///
    /// - Parameter target: where the whole file is put; on another file system perhaps.
    func settle(
        _ brought: String,
        as segment: WALSegment,
        at target: String,
        while goesOn: () -> Bool
    ) throws(ArchiveFault) {
        let head: [UInt8]
        do throws(SystemError) {
            head = try readFile(brought, limit: WALPage.headerSize)
        } catch {
            throw .local(why: error.description)
        }
        if let packing = ArchivePacking(content: head) {
            try unpack(brought, packing, to: target, while: goesOn)
        } else {
            // Before it is copied: a short file needn't be.
            try wantSize(UInt64(max(0, FileFacts(brought)?.size ?? 0)), of: segment)
            do throws(SystemError) {
                try copyOrMove(brought, to: target, owner: account)
            } catch {
                throw .local(why: error.description)
            }
        }
        try verify(target, segment)
        try? removeFile(brought)
    }

    private func wantSize(_ size: UInt64, of segment: WALSegment) throws(ArchiveFault) {
        guard size == segment.size else {
            throw .bad(why: "\"\(segment.fileName)\" has \"\(size)\" bytes, not \"\(segment.size)\"")
        }
    }

    private func verify(_ path: String, _ segment: WALSegment) throws(ArchiveFault) {
        let head: [UInt8]
        do throws(SystemError) {
            head = try readFile(path, limit: WALPage.headerSize)
        } catch {
            throw .local(why: error.description)
        }
        try wantSize(UInt64(max(0, FileFacts(path)?.size ?? 0)), of: segment)
        guard let page = WALPage(head) else {
            throw .bad(why: "\"\(segment.fileName)\" doesn't begin with a WAL page's header")
        }
        if let fault = page.fault(for: segment, system: system, history: history, blockSize: blockSize) {
            throw .bad(why: "\"\(segment.fileName)\" is another file: \(fault)")
        }
    }

    private func unpack(
        _ packed: String,
        _ packing: ArchivePacking,
        to target: String,
        while goesOn: () -> Bool
    ) throws(ArchiveFault) {
        guard let program = find(packing.program) else {
            throw .local(
                why: "archive files are packed with \(packing.program), and this node has no such program. "
                    + "HINT: Install \(packing.program)."
            )
        }
        let words = ["-c", "exec \"$1\" -dc < \"$2\" > \"$3\"", "sh", program, packed, target]
        var command = Command("/bin/sh", words, as: account)
        command.group = .own
        let result = start(command).follow(while: goesOn)
        guard !result.isSuccess else { return }
        // Out of space it is as well: then it is no matter of the file.
        if let free = freeBytes(parentDirectory(target)), free < 1 << 20 {
            throw .local(why: "\(packing.program): \(result.summary)")
        }
        throw .bad(why: "\"\(packed)\" can't be unpacked: \(packing.program): \(result.summary)")
    }
}

/// Reads a file piece by piece.
func readPieces(
    _ path: String,
    limit: UInt64 = .max,
    _ take: ([UInt8]) throws(SystemError) -> Void
) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)") }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var rest = limit
    while rest > 0 {
        let count = read(descriptor, &buffer, Int(min(UInt64(buffer.count), rest)))
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw SystemError("read \(path)") }
        guard count > 0 else { return }
        rest -= UInt64(count)
        try take(count == buffer.count ? buffer : Array(buffer[0..<count]))
    }
}

/// Whether two files begin with the same bytes, as many as are asked for.
func haveSameBytes(_ left: String, _ right: String, count: UInt64) throws(SystemError) -> Bool {
    let descriptor = open(right, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(right)") }
    defer { close(descriptor) }
    var isSame = true
    var compared: UInt64 = 0
    try readPieces(left, limit: count) { (bytes) throws(SystemError) in
        guard isSame else { return }
        var other = [UInt8](repeating: 0, count: bytes.count)
        let size = pread(descriptor, &other, bytes.count, off_t(compared))
        guard size >= 0 else { throw SystemError("read \(right)") }
        isSame = size == bytes.count && other == bytes
        compared += UInt64(bytes.count)
    }
    return isSame && compared == count
}
