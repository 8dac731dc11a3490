internal import Glibc

/// What a command writes to one descriptor, cut into lines; a carriage return ends a line as well, as progress is told so.
struct LineStream {
    private let descriptor: Int32
    private var rest: [UInt8] = []
    private(set) var isOpen = true

    init(descriptor: Int32) { self.descriptor = descriptor }

    var pollEntry: pollfd { pollfd(fd: isOpen ? descriptor : -1, events: Int16(POLLIN), revents: 0) }

    /// Reads what is there, and hands over the lines that are complete; at the end also what is left.
    mutating func read(_ take: (Substring) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else {
            isOpen = false
            if !rest.isEmpty { take(String(decoding: rest, as: UTF8.self)[...]) }
            rest = []
            return
        }
        rest.append(contentsOf: buffer[0..<count])
        var begin = 0
        for index in rest.indices where rest[index] == UInt8(ascii: "\n") || rest[index] == UInt8(ascii: "\r") {
            if index > begin { take(String(decoding: rest[begin..<index], as: UTF8.self)[...]) }
            begin = index + 1
        }
        // A line that never ends is cut: nothing that we read has such lines.
        rest = rest.count - begin > 1 << 20 ? [] : Array(rest[begin...])
    }
}
