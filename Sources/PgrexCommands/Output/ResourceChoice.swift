internal import ArgumentParser

/// The resource that a command is about.
struct ResourceChoice: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The primitive or its clone, where several are configured.", valueName: "id")
    )
    var resource: String?
}
