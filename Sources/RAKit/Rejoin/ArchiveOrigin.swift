/// A place from which files of an archive can be had.
public protocol ArchiveOrigin: Sendable {
    /// How a sentence names it.
    var summary: String { get }

    /// A way to it for one thread; called on the thread that starts the others, as connecting may change the process's
    /// effective user.
    func open() -> ArchiveOpening
}

/// What came of opening an origin.
public enum ArchiveOpening: Sendable {
    case open(any ArchiveReader)
    case failed(why: String)
}

/// One thread's way to an origin.
public protocol ArchiveReader: Sendable {
    /// Writes a file, packed or not, to a path that isn't there yet.
    ///
    /// - Parameter goesOn: asked now and then; false ends it.
    func bring(_ name: String, to path: String, while goesOn: () -> Bool) -> ArchiveAnswer
}

/// What an origin has of a file.
public enum ArchiveAnswer: Sendable, Hashable {
    case brought
    /// It isn't there, or can't be read: a command doesn't tell the two apart.
    case absent(why: String)
    case failed(why: String)
}
