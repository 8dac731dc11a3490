/// One rename of a swap.
public struct SwapMove: Sendable, Hashable {
    public let from: String
    public let to: String

    public init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// What a swap of directories is about to do, written before it does anything.
///
/// Which renames are done is never written: the disk tells. The former contents go out first, to names that nothing else
/// has: such a name is there, or the rename isn't done. Then the new contents come in, from names that nothing else has:
/// such a name is gone, or the rename isn't done. So any number of renames and kills leaves one reading.
public struct SwapRecord: Sendable, Hashable {
    /// Where it is going.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// The former contents are removed before the copy is made: there is no way back.
        case inPlace
        case forward
        case back
        /// The former contents are being removed.
        case finish
    }

    public var phase: Phase
    /// Whether there are former contents to go back to.
    public var canGoBack: Bool
    public var layout: CopyLayout
    /// The former contents' renames, in their order.
    public var out: [SwapMove]
    /// The new contents'.
    public var into: [SwapMove]

    public init(
        phase: Phase,
        canGoBack: Bool,
        layout: CopyLayout,
        out: [SwapMove] = [],
        into: [SwapMove] = []
    ) {
        self.phase = phase
        self.canGoBack = canGoBack
        self.layout = layout
        self.out = out
        self.into = into
    }

    public var count: Int { out.count + into.count }

    /// How many renames are done.
    ///
    /// - Parameter exists: whether something, be it a dangling link, has this name.
    public func done(_ exists: (String) -> Bool) -> Int {
        out.count { exists($0.to) } + into.count { !exists($0.from) }
    }
}

/// How far a swap is.
public enum SwapState: Sendable, Hashable {
    case none
    /// The former data are being removed, or are gone, and the copy isn't whole: nothing here can be started.
    case inPlace
    /// Everything is ready, and the former data stand where they stood.
    case prepared
    /// Neither: nothing here can be started before the swap has gone on or back.
    case half(done: Int, of: Int)
    /// The new data are in place; the former ones are kept.
    case swapped
    /// It is going back.
    case undoing(left: Int, of: Int)
    /// The former data stand where they stood again.
    case undone
    /// The new data are in place, and the former ones are being removed.
    case finishing
    /// The notes of it can't be read.
    case unreadable(why: String)

    public init(_ record: SwapRecord, _ exists: (String) -> Bool) {
        let done = record.done(exists)
        switch record.phase {
        case .inPlace: self = .inPlace
        case .finish: self = .finishing
        case .back: self = done == 0 ? .undone : .undoing(left: done, of: record.count)
        case .forward where done == record.count: self = .swapped
        case .forward where done == 0 && record.canGoBack: self = .prepared
        // Without former data there is nothing to start from before all is in place.
        case .forward: self = .half(done: done, of: record.count)
        }
    }

    /// Whether a server may start on what is in the data directory.
    public var isStartable: Bool {
        switch self {
        case .none, .prepared, .swapped, .undone, .finishing: true
        case .inPlace, .half, .undoing, .unreadable: false
        }
    }
}
