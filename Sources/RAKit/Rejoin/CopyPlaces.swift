internal import Glibc
import RACore

/// Looks at every directory that a copy replaces.
struct CopyPlaces {
    let context: RejoinContext
    private let mounts = mountPoints()
    /// The data directories of the other instances that run on this machine.
    private let others: [String]

    init(context: RejoinContext) {
        self.context = context
        others = otherInstances(than: context.installation.dataDirectory)
    }

    private var dataDirectory: String { context.installation.dataDirectory }

    /// - Parameter offered: the primary's tablespaces.
    func facts(_ offered: [OfferedTablespace], by deadline: Deadline) -> LayoutFacts {
        let data = place(dataDirectory, inUse: others.first { isSameDirectory($0, dataDirectory) })
        let inside = mounts.filter { isBelow($0, data.directory) }.sorted()
        return LayoutFacts(
            major: context.installation.majorVersion,
            account: context.account.name,
            data: data,
            wal: wal(),
            tablespaces: tablespaces(offered, by: deadline),
            mounts: inside
        )
    }

    private func isBelow(_ path: String, _ directory: String) -> Bool { path.hasPrefix(directory + "/") }

    private func isSameDirectory(_ one: String, _ other: String) -> Bool {
        guard let left = FileFacts(one), let right = FileFacts(other) else { return false }
        return left.isSameFile(as: right)
    }

    private func place(_ link: String, inUse user: String? = nil) -> PlaceFacts {
        let directory = resolvedPlace(link)
        let parent = parentDirectory(directory)
        let facts = FileFacts(directory)
        var place = PlaceFacts(
            link: link,
            directory: directory,
            owner: facts.map { Account.name(of: $0.ownerID) } ?? context.account.name
        )
        place.exists = facts?.isDirectory ?? false
        let parentFacts = FileFacts(parent)
        place.isParentThere = parentFacts?.isDirectory ?? false
        place.isRenamable =
            !mounts.contains(directory) && isWritable(parent)
            && (facts == nil || facts?.device == parentFacts?.device)
        place.entries = (try? listDirectory(directory)) ?? []
        place.leftovers = [directory + CopyPlace.oldName, directory + "/" + CopyPlace.oldName].filter(isNamed)
        place.user = user
        return place
    }

    private func wal() -> WALPlaceFacts {
        let path = dataDirectory + "/pg_wal"
        if mounts.contains(resolved(dataDirectory) + "/pg_wal") {
            return .mounted(place(path))
        }
        guard let target = linkTarget(path) else { return .plain }
        let user = others.first { isSameDirectory($0 + "/pg_wal", path) }
        var place = place(path, inUse: user)
        place.link = target
        return .linked(place)
    }

    private func tablespaces(_ offered: [OfferedTablespace], by deadline: Deadline) -> [TablespacePlaceFacts] {
        let ours = links(of: dataDirectory)
        // Numbers of another system's tablespaces mean nothing here.
        let isOneSystem =
            ControlFile.read(context.installation, by: deadline).value?.systemIdentifier
            == context.source.history.systemIdentifier
        var places = offered.map { tablespace in
            let local = isOneSystem ? ours[tablespace.oid] : nil
            return facts(tablespace.oid, source: tablespace.location, link: local ?? tablespace.location, ours)
        }
        for (oid, link) in ours.sorted(by: { $0.key < $1.key })
        where !places.contains(where: { $0.place.directory == resolved(link) }) {
            places.append(facts(oid, source: nil, link: link, ours))
        }
        return places
    }

    private func facts(
        _ oid: UInt32,
        source: String?,
        link: String,
        _ ours: [UInt32: String]
    ) -> TablespacePlaceFacts {
        let user = others.first { other in links(of: other).values.contains { isSameDirectory($0, link) } }
        let isOurs = ours.values.contains { resolved($0) == resolved(link) }
        return TablespacePlaceFacts(oid: oid, source: source, place: place(link, inUse: user), isLinkedHere: isOurs)
    }

    /// A data directory's tablespaces: where their links point, by number.
    private func links(of dataDirectory: String) -> [UInt32: String] {
        let folder = dataDirectory + "/pg_tblspc"
        var links: [UInt32: String] = [:]
        for name in (try? listDirectory(folder)) ?? [] {
            if let oid = UInt32(name), let target = linkTarget(folder + "/" + name) { links[oid] = target }
        }
        return links
    }
}

/// The path behind symbolic links, also of a directory that isn't there.
func resolvedPlace(_ path: String) -> String {
    guard FileFacts(path) == nil else { return resolved(path) }
    var place = path
    while place.count > 1, place.hasSuffix("/") { place.removeLast() }
    for _ in 1...8 {
        guard let target = linkTarget(place) else { break }
        place = target.hasPrefix("/") ? target : parentDirectory(place) + "/" + target
    }
    let name = place.split(separator: "/").last.map(String.init) ?? ""
    let parent = resolved(parentDirectory(place))
    return parent == "/" ? "/" + name : parent + "/" + name
}

/// The data directories in which servers work on this machine, but for one.
///
/// A container's server, which has its paths in file systems of its own, is left out.
func otherInstances(than dataDirectory: String) -> [String] {
    let own = FileFacts(dataDirectory)
    let space = linkTarget("/proc/self/ns/mnt")
    var found: Set<String> = []
    for name in (try? listDirectory("/proc")) ?? [] where Int32(name) != nil {
        guard let program = linkTarget("/proc/\(name)/exe"), isServerProgram(program),
            linkTarget("/proc/\(name)/ns/mnt") == space,
            let directory = linkTarget("/proc/\(name)/cwd"), let facts = FileFacts(directory),
            !(own?.isSameFile(as: facts) ?? false)
        else { continue }
        found.insert(directory)
    }
    return found.sorted()
}
