internal import Glibc
import RACore

extension EvidenceStep {
    /// Why nothing was kept.
    enum Problem: Error {
        case system(SystemError)
        case noRoom(needed: UInt64, free: UInt64)
        case interrupted
        case program(String)
        case foreignLedger(String)
        /// What is there can be kept as it is, and not be listed.
        case unread(String)

        static func of<Value>(_ body: () throws(SystemError) -> Value) throws(Problem) -> Value {
            do throws(SystemError) {
                return try body()
            } catch {
                throw .system(error)
            }
        }

        func failure(ledger: String) -> RejoinFailure {
            let what = "the diverged WAL wasn't saved, and the data are as they were"
            switch self {
            case .system(let error) where error.code == ENOSPC || error.code == EDQUOT:
                return RejoinFailure(
                    .failed,
                    "\(what): \(error.description). HINT: Make room in the file system of \(ledger), then again."
                )
            case .system(let error): return RejoinFailure(.failed, "\(what): \(error.description)")
            case .noRoom(let needed, let free):
                return RejoinFailure(
                    .failed,
                    "\(what): \(ledger) needs \(needed) bytes (\(needed >> 20) MB) of room and has \(free) "
                        + "(\(free >> 20) MB). HINT: Make room there, or set tmpdir to where there is room, then again."
                )
            case .interrupted: return RejoinFailure(.resumable, "interrupted: \(what)")
            case .program(let text), .unread(let text): return RejoinFailure(.failed, "\(what): \(text)")
            case .foreignLedger(let path):
                return RejoinFailure(
                    .failed,
                    "\(what): \(path) isn't a directory of this user's own. HINT: Move it away, then again."
                )
            }
        }
    }
}
