/// What values a parameter takes; the content types of OCF 1.1.
public enum ParameterKind: Sendable, Hashable {
    case string
    /// A decimal number within the range, both ends included.
    case integer(ClosedRange<Int>)
    case boolean

    /// The content type that the meta-data names.
    public var contentType: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .boolean: "boolean"
        }
    }
}

/// One parameter: how it is read, what it defaults to and what documentation says about it.
public struct ParameterDefinition: Sendable {
    /// The bare name; the environment adds "OCF_RESKEY_" before it.
    public let name: String
    public let kind: ParameterKind
    /// The value in effect when the parameter isn't set; nil when there is none, or it is found on the machine.
    public let defaultText: String?
    /// One line, without a full stop.
    public let shortDescription: String
    /// Full sentences; paragraphs are separated by an empty line.
    public let longDescription: String
    /// Whether `reload-agent` can bring a changed value into effect without a restart of PostgreSQL.
    public let isReloadable: Bool
    /// The group of parameters whose values together must differ between two resources; nil for none.
    public let uniqueGroup: String?
    /// Stores a text that was given, or the default for nil, and tells what is wrong with the text.
    let store: @Sendable (inout Parameters, String?) -> ParameterProblem?
}

/// The words of a parameter, apart from how it is read.
struct ParameterText: Sendable {
    let short: String
    let long: String

    init(_ short: String, _ long: String) {
        self.short = short
        self.long = long
    }
}

extension ParameterDefinition {
    private init(
        _ name: String,
        _ kind: ParameterKind,
        _ defaultText: String?,
        _ isReloadable: Bool,
        _ uniqueGroup: String?,
        _ text: ParameterText,
        store: @escaping @Sendable (inout Parameters, String?) -> ParameterProblem?
    ) {
        self.init(
            name: name,
            kind: kind,
            defaultText: defaultText,
            shortDescription: text.short,
            longDescription: text.long,
            isReloadable: isReloadable,
            uniqueGroup: uniqueGroup,
            store: store
        )
    }

    /// A text on one line that may be absent; `fallback` is only what documentation shows for that case.
    static func optional(
        _ name: String,
        fallback: String? = nil,
        isReloadable: Bool = false,
        uniqueGroup: String? = nil,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, String?) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .string, fallback, isReloadable, uniqueGroup, text) { parameters, given in
            assign(&parameters, nil)
            guard let given else { return nil }
            if let fault = faultOfLine(given) { return .value(parameter: name, text: given, fault: fault) }
            assign(&parameters, given)
            return nil
        }
    }

    /// A text on one line that always has a value.
    static func text(
        _ name: String,
        default defaultText: String,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, String) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .string, defaultText, isReloadable, nil, text) { parameters, given in
            assign(&parameters, defaultText)
            guard let given else { return nil }
            if let fault = faultOfLine(given) { return .value(parameter: name, text: given, fault: fault) }
            assign(&parameters, given)
            return nil
        }
    }

    /// A text with a meaning.
    static func text<Value: Sendable>(
        _ name: String,
        default defaultText: String,
        isReloadable: Bool = false,
        _ text: ParameterText,
        reading read: @escaping @Sendable (String) -> Value?,
        orElse fault: ValueFault,
        _ assign: @escaping @Sendable (inout Parameters, Value) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .string, defaultText, isReloadable, nil, text) { parameters, given in
            if let value = read(defaultText) { assign(&parameters, value) }
            guard let given else { return nil }
            guard let value = read(given) else { return .value(parameter: name, text: given, fault: fault) }
            assign(&parameters, value)
            return nil
        }
    }

    /// A text of any number of lines.
    static func lines(
        _ name: String,
        default defaultText: String,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, String) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .string, defaultText, isReloadable, nil, text) { parameters, given in
            assign(&parameters, given ?? defaultText)
            return nil
        }
    }

    /// Names separated by white space; line breaks count as such.
    static func names(
        _ name: String,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, [String]) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .string, nil, isReloadable, nil, text) { parameters, given in
            assign(&parameters, wordsOf(given ?? ""))
            return nil
        }
    }

    /// One of several words, which are the cases of a type.
    static func word<Word: RawRepresentable & Sendable>(
        _ name: String,
        default defaultWord: Word,
        isReloadable: Bool = false,
        orElse fault: ValueFault,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, Word) -> Void
    ) -> ParameterDefinition where Word.RawValue == String {
        .text(
            name,
            default: defaultWord.rawValue,
            isReloadable: isReloadable,
            text,
            reading: { Word(rawValue: $0) },
            orElse: fault,
            assign
        )
    }

    /// A decimal number.
    static func integer(
        _ name: String,
        in range: ClosedRange<Int>,
        default defaultNumber: Int,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, Int) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .integer(range), String(defaultNumber), isReloadable, nil, text) {
            parameters,
            given in
            assign(&parameters, defaultNumber)
            guard let given else { return nil }
            switch readInteger(given, in: range, default: defaultNumber) {
            case .success(let number): assign(&parameters, number)
            case .failure(let fault): return .value(parameter: name, text: given, fault: fault)
            }
            return nil
        }
    }

    /// A truth value in the words of the OCF shell library, and their opposites.
    static func boolean(
        _ name: String,
        default defaultValue: Bool,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, Bool) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .boolean, String(defaultValue), isReloadable, nil, text) { parameters, given in
            assign(&parameters, defaultValue)
            guard let given else { return nil }
            guard let value = truthValue(given) else {
                return .value(parameter: name, text: given, fault: .notABoolean(default: defaultValue))
            }
            assign(&parameters, value)
            return nil
        }
    }
}
