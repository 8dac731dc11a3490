public import RACore

/// Files in a directory of the source's machine, read over a database connection: no other way in is needed.
///
/// The role needs EXECUTE on pg_stat_file and pg_read_binary_file and, for a directory outside the data directory,
/// membership in pg_read_server_files; superusers have both.
public struct ArchiveDirectoryOrigin: ArchiveOrigin {
    public let directory: String
    let targets: [ConnectionTarget]
    let account: Account
    let connector: Account?

    public init(directory: String, _ context: RejoinContext) {
        self.directory = directory
        targets = context.sqlTargets
        account = context.account
        connector = context.connector
    }

    /// The source's own pg_wal, for what is still there.
    public static func sourceWAL(_ context: RejoinContext) -> ArchiveDirectoryOrigin {
        ArchiveDirectoryOrigin(directory: "pg_wal", context)
    }

    /// The archive that the source's own settings name; why not when they name none.
    public static func derived(
        _ context: RejoinContext,
        by deadline: Deadline
    ) -> Observed<ArchiveDirectoryOrigin> {
        var why = "no connection to the source"
        for target in context.sqlTargets {
            do throws(ConnectionFailure) {
                let connection = try Connection.open(target, as: context.connector, by: deadline)
                switch Queries.archiveDirectory(connection, by: deadline) {
                case .unknown(let reason): return .unknown(why: reason)
                case .known(let directory):
                    return .known(ArchiveDirectoryOrigin(directory: directory, context))
                }
            } catch {
                why = redactingPasswords(error.text)
            }
        }
        return .unknown(why: why)
    }

    public var summary: String { "directory \"\(directory)\" on the source" }

    public func open() -> ArchiveOpening {
        var why: [String] = []
        for target in targets {
            let deadline = Deadline.after(milliseconds: 10_000)
            do throws(ConnectionFailure) {
                let connection = try Connection.open(target, as: connector, by: deadline)
                if let problem = Queries.readProblem(connection, directory: directory, by: deadline) {
                    why.append("\(target.user): \(problem)")
                    continue
                }
                return .open(Reader(connection, directory: directory, account: account))
            } catch {
                why.append("\(target.user): \(redactingPasswords(error.text))")
            }
        }
        return .failed(why: why.joined(separator: "; "))
    }

    /// One connection, used by one thread at a time.
    private final class Reader: ArchiveReader, @unchecked Sendable {
        let connection: Connection
        let directory: String
        let account: Account

        init(_ connection: Connection, directory: String, account: Account) {
            self.connection = connection
            self.directory = directory
            self.account = account
        }

        func bring(_ name: String, to path: String, while goesOn: () -> Bool) -> ArchiveAnswer {
            do throws(QueryFailure) {
                let names = [name] + ArchivePacking.allCases.map { name + $0.suffix }
                let found = try Queries.fileSizes(connection, names.map { "\(directory)/\($0)" })
                guard let (file, size) = found.first else {
                    return .absent(why: "no file \"\(name)\", packed or not, in \"\(directory)\" on the source")
                }
                return try copy(file, size: size, to: path, while: goesOn)
            } catch {
                return .failed(why: error.text)
            }
        }

        private func copy(
            _ file: String,
            size: UInt64,
            to path: String,
            while goesOn: () -> Bool
        ) throws(QueryFailure) -> ArchiveAnswer {
            let target: NewFile
            do throws(SystemError) {
                target = try NewFile(path, owner: account)
            } catch {
                return .failed(why: error.description)
            }
            var offset: UInt64 = 0
            while offset < size {
                guard goesOn() else { return .failed(why: "interrupted") }
                let bytes = try Queries.filePiece(connection, file, offset: offset)
                guard !bytes.isEmpty else { return .failed(why: "\"\(file)\" ended at \(offset) of \(size) bytes") }
                do throws(SystemError) {
                    try target.write(bytes)
                } catch {
                    return .failed(why: error.description)
                }
                offset += UInt64(bytes.count)
            }
            return .brought
        }
    }
}
