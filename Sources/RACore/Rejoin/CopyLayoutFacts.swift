/// What was seen of a directory that a copy is to replace.
public struct PlaceFacts: Sendable, Hashable {
    /// What a symbolic link to it says, or the parameter.
    public var link: String
    /// The directory itself, behind symbolic links.
    public var directory: String
    public var exists = true
    public var isParentThere = true
    /// Whether the directory beside it can be made and renamed: no mount point, one file system, a parent to write to.
    public var isRenamable = true
    /// Who owns it.
    public var owner: String
    public var entries: [String] = []
    /// Former contents that an earlier run set aside, by path.
    public var leftovers: [String] = []
    /// The data directory of another instance that runs on this machine and uses it.
    public var user: String?

    public init(link: String, directory: String? = nil, owner: String) {
        self.link = link
        self.directory = directory ?? link
        self.owner = owner
    }
}

/// Where the WAL of the data here stands: this node's own way counts, never the primary's.
public enum WALPlaceFacts: Sendable, Hashable {
    /// A plain directory in the data directory, or nothing yet.
    case plain
    /// A file system is mounted at pg_wal.
    case mounted(PlaceFacts)
    case linked(PlaceFacts)
}

/// A tablespace of the primary's, or one that only the data here have.
public struct TablespacePlaceFacts: Sendable, Hashable {
    public var oid: UInt32
    /// Its directory on the primary; nil when the primary has no such tablespace.
    public var source: String?
    public var place: PlaceFacts
    /// Whether the data here have it: what stands there is theirs.
    public var isLinkedHere: Bool

    public init(oid: UInt32, source: String?, place: PlaceFacts, isLinkedHere: Bool) {
        self.oid = oid
        self.source = source
        self.place = place
        self.isLinkedHere = isLinkedHere
    }
}

/// What the places of a copy are decided by.
public struct LayoutFacts: Sendable, Hashable {
    public var major: String
    /// The database user's name.
    public var account: String
    public var data: PlaceFacts
    public var wal: WALPlaceFacts
    public var tablespaces: [TablespacePlaceFacts]
    /// Mount points below the data directory.
    public var mounts: [String]

    public init(
        major: String,
        account: String,
        data: PlaceFacts,
        wal: WALPlaceFacts = .plain,
        tablespaces: [TablespacePlaceFacts] = [],
        mounts: [String] = []
    ) {
        self.major = major
        self.account = account
        self.data = data
        self.wal = wal
        self.tablespaces = tablespaces
        self.mounts = mounts
    }
}

/// Why no copy can be made in the places that there are.
public enum LayoutRefusal: Error, Sendable, Hashable {
    case noParent(CopyRole, String)
    case danglingWAL(link: String, target: String)
    case foreignOwner(CopyRole, String, owner: String, account: String)
    case nested(CopyRole, String, within: String)
    case sharedWith(CopyRole, String, instance: String)
    case foreignEntry(CopyRole, String, entry: String)
    case mountedWithin(String)
    case leftover(CopyRole, String)

    public var text: String {
        switch self {
        case .noParent(let role, let path):
            "the \(role.noun) \"\(path)\" doesn't exist, nor does the directory in which it would be made. "
                + "HINT: Is its file system mounted? Otherwise make the directory above it."
        case .danglingWAL(let link, let target):
            "\"\(link)\" is a symbolic link to \"\(target)\", where there is no directory. HINT: Is its file system mounted? "
                + "Otherwise make that directory, or remove the link to have the WAL in the data directory."
        case .foreignOwner(let role, let path, let owner, let account):
            "the \(role.noun) \"\(path)\" belongs to \"\(owner)\", but parameter pgdba is \"\(account)\". "
                + "HINT: Run 'chown \(account): \(path)' if it is meant for this instance."
        case .nested(let role, let path, let outer):
            "the \(role.noun) \"\(path)\" is inside \"\(outer)\": one can't be replaced without the other. "
                + "HINT: Move it out of there, and have its symbolic link say so."
        case .sharedWith(let role, let path, let instance):
            "the \(role.noun) \"\(path)\" is used by another instance that runs on this node, whose data directory is "
                + "\"\(instance)\". HINT: Each instance needs a directory of its own: change the symbolic link."
        case .foreignEntry(let role, let path, let entry):
            "the \(role.noun) \"\(path)\" has \"\(entry)\", which isn't known to be this instance's. "
                + "HINT: Look what it is, and move it elsewhere if nobody needs it there."
        case .mountedWithin(let path):
            "a file system is mounted at \"\(path)\", inside the data directory. "
                + "HINT: Mount it elsewhere, with a symbolic link to it."
        case .leftover(let role, let path):
            "\"\(path)\" is there: a former content of the \(role.noun), of a run whose notes are lost. "
                + "HINT: Look whether its data are needed, and move it elsewhere."
        }
    }
}
