/// What is wrong with one parameter's text by itself.
public enum ValueFault: Error, Sendable, Hashable {
    case notAnInteger(range: ClosedRange<Int>, default: Int)
    case outOfRange(range: ClosedRange<Int>, default: Int)
    case notABoolean(default: Bool)
    case notAQuantity(QuantityKind)
    case unknownReplicationMode
    case unknownSynchronousMethod
    case unknownRejoinPolicy
    /// A line break in a text that goes into a configuration file.
    case lineBreak
    /// A path that depends on the directory Pacemaker happens to run agents in.
    case relativePath
    case malformedSlotName
    /// - Parameter why: one clause without any part of the text, which may hold a password.
    case malformedConninfo(why: String)
    /// The primary tells its standbys apart by a name that this text would replace.
    case replacesApplicationName
    /// A blank, quote or backslash in an address, which would end it in a connection string.
    case malformedAddress

    func statement(parameter: String, text: String) -> String {
        let seen = "\(parameter) is \(quoted(text))"
        return switch self {
        case .notAnInteger: "\(seen), which isn't a whole number."
        case .outOfRange(let range, _):
            "\(seen), which is outside of \(range.lowerBound) to \(range.upperBound)."
        case .notABoolean: "\(seen), which is neither true nor false."
        case .notAQuantity(let kind):
            "\(seen), which isn't a whole number with or without a unit (\(kind.units.map(\.name).joined(separator: ", ")))."
        case .unknownReplicationMode: "\(seen), which is no replication mode."
        case .unknownSynchronousMethod: "\(seen), which is neither first nor any."
        case .unknownRejoinPolicy: "\(seen), which is none of \(AutoRejoin.words)."
        case .lineBreak: "\(seen), which has a line break in it."
        case .relativePath: "\(seen), which isn't an absolute path."
        case .malformedSlotName: "\(seen), which has other characters than a-z, 0-9 and _."
        case .malformedConninfo(let why): "\(seen), which isn't a connection string: \(why)."
        case .replacesApplicationName:
            "\(seen), which sets application_name, but a standby must connect under its node's name."
        case .malformedAddress: "\(seen), which has a blank, a quote or a backslash in it."
        }
    }

    func nextStep(parameter: String) -> String {
        switch self {
        case .notAnInteger(_, let standard), .outOfRange(_, let standard): setting(parameter, to: String(standard))
        case .notABoolean(let standard): setting(parameter, to: String(standard))
        case .notAQuantity(let kind): setting(parameter, to: kind.example)
        case .unknownReplicationMode:
            "it is one of \(ReplicationMode.allCases.map(\.rawValue).joined(separator: ", ")); "
                + setting(parameter, to: ReplicationMode.async.rawValue)
        case .unknownSynchronousMethod: setting(parameter, to: SynchronousMethod.first.rawValue)
        case .unknownRejoinPolicy: setting(parameter, to: AutoRejoin.follow.rawValue)
        case .lineBreak: "write it on one line with 'crm configure edit RESOURCE'."
        case .relativePath: setting(parameter, to: "/ABSOLUTE/PATH")
        case .malformedSlotName: setting(parameter, to: "pgsql_slot")
        case .malformedConninfo:
            "write keyword=value pairs, and values with blanks in single quotes; "
                + setting(parameter, to: "\"sslmode=require keepalives_idle=60\"")
        case .replacesApplicationName: "remove application_name from it with 'crm configure edit RESOURCE'."
        case .malformedAddress:
            "other connection settings belong in primary_conninfo_opt; " + setting(parameter, to: "192.0.2.10")
        }
    }
}
