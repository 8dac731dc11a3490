internal import Glibc

/// A new file that is written line by line.
final class TextFile {
    private let descriptor: Int32
    private let path: String
    private var waiting: [UInt8] = []

    private init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    static func create(_ path: String) throws(SystemError) -> TextFile {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("create \(path)") }
        return TextFile(descriptor, path)
    }

    func append(_ text: String) throws(SystemError) {
        waiting += Array(text.utf8)
        if waiting.count >= 1 << 16 { try flush() }
    }

    /// Nothing more is appended afterwards.
    func sync() throws(SystemError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
    }

    private func flush() throws(SystemError) {
        try writeAll(descriptor, waiting, path: path)
        waiting = []
    }
}
