internal import CLibpq
internal import CLibpqLoader
internal import Glibc

/// A session by libpq, which has every kind of authentication, address and encryption.
final class LibrarySession: Session {
    private let library: libpq
    private let handle: OpaquePointer

    static func open(
        _ target: ConnectionTarget,
        as account: Account?,
        by deadline: Deadline
    ) throws(ConnectionFailure) -> LibrarySession {
        guard let library = libpq_functions()?.pointee else {
            throw .unreachable(why: "libpq can't be loaded: \(String(cString: libpq_problem())). HINT: Install libpq5.")
        }
        let opened =
            if let account {
                account.impersonate { begin(library, target, by: deadline) }
            } else {
                begin(library, target, by: deadline)
            }
        switch opened {
        case .success(let handle): return LibrarySession(library, handle)
        case .failure(let failure): throw failure
        }
    }

    private init(_ library: libpq, _ handle: OpaquePointer) {
        self.library = library
        self.handle = handle
    }

    deinit { library.finish(handle) }

    private static func begin(
        _ library: libpq,
        _ target: ConnectionTarget,
        by deadline: Deadline
    ) -> Result<OpaquePointer, ConnectionFailure> {
        let words = target.keywords
        let names = CStringArray(words.map(\.0))
        let values = CStringArray(words.map(\.1))
        defer {
            names.free()
            values.free()
        }
        let started = names.constantPointers { namePointers in
            values.constantPointers { library.connectStartParams(namePointers, $0, 1) }
        }
        guard let handle = started else { return .failure(.unreachable(why: "out of memory")) }
        // The SQLSTATE is part of a connection's error text only in the verbose form.
        _ = library.setErrorVerbosity(handle, PQERRORS_VERBOSE)
        if let failure = complete(library, handle, target, by: deadline) {
            library.finish(handle)
            return .failure(failure)
        }
        _ = library.setNoticeProcessor(handle, { _, _ in }, nil)
        _ = library.setErrorVerbosity(handle, PQERRORS_TERSE)
        return .success(handle)
    }

    private static func complete(
        _ library: libpq,
        _ handle: OpaquePointer,
        _ target: ConnectionTarget,
        by deadline: Deadline
    ) -> ConnectionFailure? {
        guard library.status(handle) != CONNECTION_BAD else { return failure(library, of: handle, target) }
        var state = PGRES_POLLING_WRITING
        while true {
            if state == PGRES_POLLING_OK { return nil }
            if state == PGRES_POLLING_FAILED { return failure(library, of: handle, target) }
            let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard isReady(library.socket(handle), events: events, by: deadline) else {
                return .silent(why: "no answer from \(target.summary) before the deadline")
            }
            state = library.connectPoll(handle)
        }
    }

    private static func failure(
        _ library: libpq,
        of handle: OpaquePointer,
        _ target: ConnectionTarget
    ) -> ConnectionFailure {
        let text = textOf(library.errorMessage(handle))
        guard let (state, message) = splitServerError(text) else {
            return .unreachable(why: firstLine(text))
        }
        return .refused(state: state, message: message)
    }

    func query(
        _ statements: String,
        stopsAtCopy: Bool = false,
        by deadline: Deadline
    ) throws(QueryFailure) -> [Rows] {
        guard library.sendQuery(handle, statements) == 1 else { throw .lost(why: errorText) }
        var results: [Rows] = []
        var problem: QueryFailure?
        while let result = try nextResult(by: deadline) {
            defer { library.clear(result) }
            switch library.resultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: results.append(rows(of: result))
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: results.append(Rows(rows: []))
            case PGRES_COPY_OUT where stopsAtCopy && problem == nil: return results
            case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
                // It would be given again and again.
                throw .lost(why: "COPY is no question that has rows")
            case _: problem = problem ?? failure(of: result)
            }
        }
        if let problem { throw problem }
        return results
    }

    private func nextResult(by deadline: Deadline) throws(QueryFailure) -> OpaquePointer? {
        while library.isBusy(handle) != 0 {
            guard isReady(library.socket(handle), events: POLLIN, by: deadline) else {
                throw .silent(why: "no answer to a query before the deadline")
            }
            guard library.consumeInput(handle) == 1 else { throw .lost(why: errorText) }
        }
        return library.getResult(handle)
    }

    private func failure(of result: OpaquePointer) -> QueryFailure {
        guard let state = library.resultErrorField(result, Int32(UInt8(ascii: "C"))) else {
            return .lost(why: firstLine(textOf(library.resultErrorMessage(result))))
        }
        let message = library.resultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? ""
        return .failed(state: SQLState(String(cString: state)), message: message)
    }

    private var errorText: String { firstLine(textOf(library.errorMessage(handle))) }

    private func rows(of result: OpaquePointer) -> Rows {
        Rows(
            rows: (0..<library.ntuples(result)).map { row in
                (0..<library.nfields(result)).map { column in
                    guard library.getisnull(result, row, column) == 0,
                        let text = library.getvalue(result, row, column)
                    else { return nil }
                    return String(cString: text)
                }
            }
        )
    }

    var serverVersion: Int { Int(library.serverVersion(handle)) }

    var serverProcessID: Int32 { library.backendPID(handle) }
}

/// libpq's text, which it keeps.
private func textOf(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

/// Finds the SQLSTATE in a verbose error text: `FATAL:  57P03: the database system is starting up`.
///
/// The severity may be in any language; the two spaces and the five characters aren't.
func splitServerError(_ text: String) -> (SQLState, String)? {
    let bytes = Array(text.utf8)
    var index = 0
    while index + 8 < bytes.count {
        let isState =
            bytes[index] == 0x20 && bytes[index + 1] == 0x20 && bytes[index + 7] == 0x3A
            && bytes[(index + 2)..<(index + 7)].allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
        if isState {
            let state = String(decoding: bytes[(index + 2)..<(index + 7)], as: UTF8.self)
            return (SQLState(state), firstLine(trimSpaces(String(decoding: bytes[(index + 8)...], as: UTF8.self))))
        }
        index += 1
    }
    return nil
}

extension CStringArray {
    /// The array as libpq wants it.
    func constantPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
        UnsafeMutableRawPointer(pointers).withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 1) { body($0) }
    }
}
