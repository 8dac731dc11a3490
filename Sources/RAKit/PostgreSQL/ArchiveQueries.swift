internal import RACore

extension Queries {
    /// The directory that the server archives to by its settings.
    static func archiveDirectory(_ connection: Connection, by deadline: Deadline) -> Observed<String> {
        do throws(QueryFailure) {
            let row = try connection.query(
                "SELECT current_setting('archive_mode'), current_setting('archive_command'), "
                    + "current_setting('archive_library', true), current_setting('basic_archive.archive_directory', true)",
                by: deadline
            ).first?.rows.first
            guard let row, row.count == 4, let mode = row[0], let command = row[1] else {
                return .unknown(why: "the server's answer on its archive can't be read")
            }
            guard mode != "off" else { return .unknown(why: "the source archives nothing (archive_mode is \"off\")") }
            if let library = row[2], !library.isEmpty {
                guard library == "basic_archive", let directory = row[3], directory.hasPrefix("/") else {
                    return .unknown(
                        why: "the source's archive_library \"\(library)\" doesn't tell where it archives to"
                    )
                }
                return .known(directory)
            }
            guard let directory = RACore.archiveDirectory(ofArchiveCommand: command) else {
                return .unknown(
                    why:
                        "the source's archive_command \"\(redactingPasswords(command))\" doesn't end in a plain DIRECTORY/%f"
                )
            }
            return .known(directory)
        } catch {
            return .unknown(why: error.text)
        }
    }

    /// Why this role can't read a directory of the server's machine; nil when it can.
    static func readProblem(_ connection: Connection, directory: String, by deadline: Deadline) -> String? {
        do throws(QueryFailure) {
            let path = quotedLiteral(directory)
            let rows = try connection.query(
                "SELECT (pg_stat_file(\(path), true)).isdir, "
                    + "has_function_privilege('pg_read_binary_file(text, bigint, bigint)', 'EXECUTE')",
                by: deadline
            ).first?.rows.first
            guard let rows, rows.count == 2 else { return "the server's answer can't be read" }
            guard rows[0] == "t" else { return "no directory \"\(directory)\" on the source" }
            return rows[1] == "t" ? nil : "no privilege to execute pg_read_binary_file"
        } catch {
            return error.text
        }
    }

    /// Those of the files that are there, with their sizes.
    static func fileSizes(
        _ connection: Connection,
        _ paths: [String]
    ) throws(QueryFailure) -> [(path: String, size: UInt64)] {
        let list = paths.map { quotedLiteral($0) }.joined(separator: ", ")
        let rows = try connection.query(
            "SELECT p, (pg_stat_file(p, true)).size FROM unnest(ARRAY[\(list)]) WITH ORDINALITY AS n (p, i) ORDER BY i",
            by: .after(milliseconds: 60_000)
        )
        return (rows.first?.rows ?? []).compactMap { row in
            guard let path = row[0], let size = row[1].flatMap({ UInt64($0) }) else { return nil }
            return (path, size)
        }
    }

    /// Bytes that are read in one question: enough for a fast network, and little memory in any form.
    static let pieceSize: UInt64 = 1 << 18

    static func filePiece(
        _ connection: Connection,
        _ path: String,
        offset: UInt64
    ) throws(QueryFailure) -> [UInt8] {
        let rows = try connection.query(
            "SELECT encode(pg_read_binary_file(\(quotedLiteral(path)), \(offset), \(pieceSize)), 'hex')",
            by: .after(milliseconds: 60_000)
        )
        guard let text = rows.first?.rows.first?.first ?? nil, let bytes = bytes(ofHex: text) else {
            throw .failed(state: .unknown, message: "a piece of \"\(path)\" can't be read")
        }
        return bytes
    }
}

/// The bytes that hexadecimal digits stand for; nil for other text.
func bytes(ofHex text: String) -> [UInt8]? {
    let digits = text.utf8
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
        let value: UInt8
        switch digit {
        case 0x30...0x39: value = digit - 0x30
        case 0x61...0x66: value = digit - 0x61 + 10
        case 0x41...0x46: value = digit - 0x41 + 10
        default: return nil
        }
        if let first = high {
            bytes.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return bytes
}
