public import RACore

/// How the resource is configured: what the CIB says of one primitive and of the clone around it.
public struct ResourceConfiguration: Sendable, Hashable {
    /// The primitive's id.
    public let name: String
    /// "ocf:heartbeat:pgsql-swift"
    public let agent: String
    /// The id of the clone around the primitive; nil when there is none.
    public let cloneName: String?
    /// The meta attributes of the clone, and of the primitive where the clone has none of the name.
    public let metaAttributes: [String: String]
    /// The meta attributes that hold for the primitive, the cluster's defaults for resources included.
    private let inherited: [String: String]
    /// The constraints that keep the resource off a node.
    public let bans: [LocationBan]
    /// May hold a password: read through `parameter` and `reading`, never printed.
    private let values: [String: String]

    init(
        name: String,
        agent: String,
        cloneName: String?,
        metaAttributes: [String: String],
        inherited: [String: String],
        values: [String: String],
        bans: [LocationBan] = []
    ) {
        self.name = name
        self.agent = agent
        self.cloneName = cloneName
        self.metaAttributes = metaAttributes
        self.inherited = inherited
        self.values = values
        self.bans = bans
    }

    /// The text of an instance attribute, or nil when it isn't set.
    public func parameter(_ name: String) -> String? { values[name] }

    /// The parameters, typed, and what is wrong with their texts.
    public var reading: ParameterReading { Parameters.read { values[$0] } }

    /// Whether Pacemaker may promote the resource.
    public var isPromotable: Bool { metaAttributes["promotable"].flatMap(pacemakerBoolean) ?? false }

    /// Whether Pacemaker starts, stops and recovers the resource, as far as its own settings go.
    public var isManaged: Bool {
        let isPaused = inherited["maintenance"].flatMap(pacemakerBoolean) ?? false
        return (inherited["is-managed"].flatMap(pacemakerBoolean) ?? true) && !isPaused
    }

    /// What an operator names to act on all instances: the clone, or the primitive when there is none.
    public var outerName: String { cloneName ?? name }
}

extension ResourceConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Names only, as instance attributes may hold a password.
    public var description: String { "\(name) (\(agent))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A location constraint of score -INFINITY: the resource may not run on a node.
public struct LocationBan: Sendable, Hashable {
    public let id: String
    public let resource: String
    public let node: String
    /// Whether only the promoted role is kept away.
    public let isOfPromotedRole: Bool

    public init(id: String, resource: String, node: String, isOfPromotedRole: Bool = false) {
        self.id = id
        self.resource = resource
        self.node = node
        self.isOfPromotedRole = isOfPromotedRole
    }
}

/// Finds a resource in a CIB.
///
/// - Parameter name: the primitive's id, of any agent, or its clone's; nil for the only primitive of
///   ocf:heartbeat:pgsql-swift.
public func parseResource(_ bytes: [UInt8], name: String?) throws(CIBError) -> ResourceConfiguration {
    var parser = ResourceParser(scanner: XMLScanner(bytes))
    let root: String
    do throws(XMLFault) {
        root = try parser.parse()
    } catch {
        throw .malformed(error)
    }
    guard root == "cib" else { throw .unexpectedRoot(root) }
    let found = parser.primitives.filter { primitive in
        name.map { primitive.id == $0 || parser.cloneName(of: primitive) == $0 } ?? parser.isOurs(primitive)
    }
    guard let primitive = found.first else {
        throw name.map { CIBError.noResource(named: $0) } ?? .noResourceOfAgent
    }
    guard found.count == 1 else { throw .severalResources(found.map(\.id)) }
    return parser.configuration(of: primitive)
}
