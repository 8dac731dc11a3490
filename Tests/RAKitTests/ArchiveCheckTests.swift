import RACore
import RATestSupport
import Testing

@testable import RAKit

/// Files that come from an archive, looked at without a server.
@Suite struct ArchiveCheckTests {
    private func check(find: @escaping @Sendable (String) -> String?) throws -> ArchiveCheck {
        ArchiveCheck(
            account: try #require(Account(name: "root")),
            system: 42,
            history: TimelineHistory(timeline: try #require(TimelineID(1)), ancestors: []),
            blockSize: nil,
            find: find
        )
    }

    private func fault(_ check: ArchiveCheck, _ content: [UInt8]) throws -> ArchiveFault? {
        let folder = try AgentFolder("check")
        defer { folder.remove() }
        try replaceFile(folder.path + "/brought", with: content)
        let segment = WALSegment(timeline: try #require(TimelineID(1)), number: 1, size: 1 << 20)
        do throws(ArchiveFault) {
            try check.settle(folder.path + "/brought", as: segment, at: folder.path + "/target", while: { true })
            return nil
        } catch {
            return error
        }
    }

    /// A file tells by its content how it is packed, and what this node lacks to unpack it.
    @Test func missingProgram() throws {
        let check = try check(find: { _ in nil })
        for (content, program) in [
            ([0x28, 0xB5, 0x2F, 0xFD, 1], "zstd"), ([0x04, 0x22, 0x4D, 0x18, 1], "lz4"), ([0x1F, 0x8B, 8, 0], "gzip"),
            ([0x42, 0x5A, 0x68, 0x39], "bzip2"),
        ] as [([UInt8], String)] {
            guard case .local(let why)? = try fault(check, content) else {
                Issue.record("\(program) isn't missed")
                continue
            }
            #expect(why.contains("\(program), and this node has no such program. HINT: Install \(program)."), "\(why)")
        }
    }

    /// What calls itself packed and isn't is bad, and may be whole another time.
    @Test func packedGarbage() throws {
        let fault = try fault(try check(find: { findProgram($0) }), [0x1F, 0x8B, 1, 2, 3, 4])
        guard case .bad(let why)? = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(why.contains("can't be unpacked: gzip"), "\(why)")
    }

    @Test func hexadecimalBytes() {
        #expect(bytes(ofHex: "00ffAB") == [0, 255, 171])
        #expect(bytes(ofHex: "") == [])
        #expect(bytes(ofHex: "0") == nil && bytes(ofHex: "0g") == nil)
    }
}
