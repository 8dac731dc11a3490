/// A primitive or a template as the CIB has it.
struct PrimitiveRecord {
    var id = ""
    var agentClass: String?
    var provider: String?
    var type: String?
    var template: String?
    /// Which of the parser's clones is around it.
    var clone: Int?
    var values = AttributeSets()
    var meta = AttributeSets()
}

/// Attribute sets of one owner: a set with a higher score goes first, of equals the one that is written first.
struct AttributeSets {
    fileprivate var sets: [(score: Int, pairs: [String: String])] = []

    var merged: [String: String] {
        sets.reduce(into: [:]) { values, set in values.merge(set.pairs) { present, _ in present } }
    }

    mutating func read(_ scanner: inout XMLScanner) throws(XMLFault) {
        let score = AttributeSets.score(try scanner.attribute("score") ?? "0")
        var pairs: [String: String] = [:]
        try readPairs(&scanner, into: &pairs)
        let place = sets.firstIndex { $0.score < score } ?? sets.count
        sets.insert((score, pairs), at: place)
    }

    private static func score(_ text: String) -> Int {
        switch text {
        case "INFINITY", "+INFINITY": 1_000_000
        case "-INFINITY": -1_000_000
        case _: Int(text) ?? 0
        }
    }
}

/// Collects the primitives, templates and clones of a CIB.
struct ResourceParser {
    var scanner: XMLScanner
    private(set) var primitives: [PrimitiveRecord] = []
    private var templates: [PrimitiveRecord] = []
    private var clones: [(id: String, meta: AttributeSets)] = []
    private var bans: [LocationBan] = []
    /// What holds for every resource that doesn't say otherwise.
    private var defaults = AttributeSets()

    init(scanner: XMLScanner) { self.scanner = scanner }

    /// - Returns: the name of the root element; nothing is collected unless it is "cib".
    mutating func parse() throws(XMLFault) -> String {
        _ = try scanner.next()
        let root = scanner.elementName
        guard root == "cib" else { return root }
        let cib = scanner.depth
        while try scanner.nextChild(of: cib, named: "configuration") {
            let configuration = scanner.depth
            while try scanner.nextChild(of: configuration) {
                if scanner.isNamed("resources") {
                    try readResources(clone: nil)
                } else if scanner.isNamed("rsc_defaults") {
                    let section = scanner.depth
                    while try scanner.nextChild(of: section, named: "meta_attributes") {
                        try defaults.read(&scanner)
                    }
                } else if scanner.isNamed("constraints") {
                    try readConstraints()
                }
            }
        }
        return root
    }

    /// Only constraints of the plain form keep a resource off a node whatever its attributes are; rules may change with them.
    private mutating func readConstraints() throws(XMLFault) {
        let parent = scanner.depth
        while try scanner.nextChild(of: parent, named: "rsc_location") {
            guard scanner.attribute("score", is: "-INFINITY"), let node = try scanner.attribute("node") else {
                continue
            }
            let role = try scanner.attribute("role") ?? "Started"
            let isOfPromotedRole = ["Master", "Promoted"].contains(role)
            guard isOfPromotedRole || ["Started", "Slave", "Unpromoted"].contains(role) else { continue }
            bans.append(
                LocationBan(
                    id: try scanner.attribute("id") ?? "",
                    resource: try scanner.attribute("rsc") ?? "",
                    node: node,
                    isOfPromotedRole: isOfPromotedRole
                )
            )
        }
    }

    private mutating func readResources(clone: Int?) throws(XMLFault) {
        let parent = scanner.depth
        while try scanner.nextChild(of: parent) {
            if scanner.isNamed("primitive") {
                primitives.append(try readPrimitive(clone: clone))
            } else if scanner.isNamed("template") {
                templates.append(try readPrimitive(clone: nil))
            } else if scanner.isNamed("clone") || scanner.isNamed("master") {
                // "master" is how releases before 2.0 wrote a promotable clone.
                var meta = AttributeSets()
                if scanner.isNamed("master") { meta = AttributeSets(promotable: true) }
                clones.append((try scanner.attribute("id") ?? "", meta))
                try readResources(clone: clones.count - 1)
            } else if scanner.isNamed("group") || scanner.isNamed("bundle") {
                try readResources(clone: clone)
            } else if scanner.isNamed("meta_attributes"), let clone {
                try clones[clone].meta.read(&scanner)
            }
        }
    }

    private mutating func readPrimitive(clone: Int?) throws(XMLFault) -> PrimitiveRecord {
        var record = PrimitiveRecord()
        record.id = try scanner.attribute("id") ?? ""
        record.agentClass = try scanner.attribute("class")
        record.provider = try scanner.attribute("provider")
        record.type = try scanner.attribute("type")
        record.template = try scanner.attribute("template")
        record.clone = clone
        let element = scanner.depth
        while try scanner.nextChild(of: element) {
            if scanner.isNamed("instance_attributes") {
                try record.values.read(&scanner)
            } else if scanner.isNamed("meta_attributes") {
                try record.meta.read(&scanner)
            }
        }
        return record
    }
}

extension AttributeSets {
    /// One set that goes after all others.
    fileprivate init(promotable: Bool) { sets = [(-1_000_001, ["promotable": String(promotable)])] }
}

extension ResourceParser {
    func cloneName(of primitive: PrimitiveRecord) -> String? { primitive.clone.map { clones[$0].id } }

    /// Whether the primitive, itself or by its template, is of ocf:heartbeat:pgsql-swift.
    func isOurs(_ primitive: PrimitiveRecord) -> Bool { agent(of: primitive) == "ocf:heartbeat:pgsql-swift" }

    func configuration(of primitive: PrimitiveRecord) -> ResourceConfiguration {
        let base = template(of: primitive)
        let outer = primitive.clone.map { clones[$0].meta.merged } ?? [:]
        let own = primitive.meta.merged.merging(base?.meta.merged ?? [:]) { present, _ in present }
        let meta = outer.merging(own) { present, _ in present }
        // Pacemaker asks the primitive first, then what is around it.
        let inherited = own.merging(outer) { present, _ in present }.merging(defaults.merged) { present, _ in present }
        let values = primitive.values.merged.merging(base?.values.merged ?? [:]) { present, _ in present }
        return ResourceConfiguration(
            name: primitive.id,
            agent: agent(of: primitive),
            cloneName: cloneName(of: primitive),
            metaAttributes: meta,
            inherited: inherited,
            values: values,
            bans: bans.filter { $0.resource == primitive.id || $0.resource == cloneName(of: primitive) }
        )
    }

    private func template(of primitive: PrimitiveRecord) -> PrimitiveRecord? {
        primitive.template.flatMap { id in templates.first { $0.id == id } }
    }

    private func agent(of primitive: PrimitiveRecord) -> String {
        let record = template(of: primitive) ?? primitive
        return [record.agentClass, record.provider, record.type].compactMap { $0 }.joined(separator: ":")
    }
}
