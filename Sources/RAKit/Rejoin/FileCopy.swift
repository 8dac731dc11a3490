internal import Glibc

/// CRC-32C (Castagnoli), the checksum that PostgreSQL's own WAL and backup manifests use.
struct CRC32C: Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82F6_3B78 }
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        CRC32C.table.withUnsafeBufferPointer { table in
            var value = state
            for byte in bytes { value = value >> 8 ^ table[Int((value ^ UInt32(byte)) & 0xFF)] }
            state = value
        }
    }

    var value: UInt32 { ~state }
}

/// A file as it was copied: what a later look at it is compared with.
struct CopiedFile: Sendable, Hashable {
    let name: String
    let size: UInt64
    let checksum: UInt32

    var text: String { "\(checksum) \(size) \(name)" }

    init(name: String, size: UInt64, checksum: UInt32) {
        self.name = name
        self.size = size
        self.checksum = checksum
    }

    init?(text: some StringProtocol) {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count == 3, let checksum = UInt32(words[0]), let size = UInt64(words[1]) else { return nil }
        self.init(name: String(words[2]), size: size, checksum: checksum)
    }
}

/// Copies a file to a new one that is synced, in pieces.
///
/// - Parameter see: told the bytes of each piece.
/// - Throws: also when the target is there already.
func copyFile(
    _ source: String,
    to target: String,
    name: String,
    see: (Int) -> Void = { _ in }
) throws(SystemError) -> CopiedFile {
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard output >= 0 else { throw SystemError("create \(target)") }
    defer { close(output) }
    let copied = try readPieces(source, name: name) { (piece) throws(SystemError) in
        var offset = 0
        while offset < piece.count {
            let count = write(output, piece.baseAddress.map { $0 + offset }, piece.count - offset)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write \(target)") }
            offset += count
        }
        see(piece.count)
    }
    guard fsync(output) == 0 else { throw SystemError("fsync \(target)") }
    return copied
}

/// Reads a file for its size and checksum.
func measureFile(_ path: String, name: String) throws(SystemError) -> CopiedFile {
    try readPieces(path, name: name) { _ in }
}

private func readPieces(
    _ path: String,
    name: String,
    _ take: (UnsafeRawBufferPointer) throws(SystemError) -> Void
) throws(SystemError) -> CopiedFile {
    let input = open(path, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw SystemError("open \(path)") }
    defer { close(input) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    var size: UInt64 = 0
    var checksum = CRC32C()
    while true {
        let count = read(input, buffer.baseAddress, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw SystemError("read \(path)") }
        guard count > 0 else { break }
        let piece = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
        checksum.add(piece)
        size += UInt64(count)
        try take(piece)
    }
    return CopiedFile(name: name, size: size, checksum: checksum.value)
}
