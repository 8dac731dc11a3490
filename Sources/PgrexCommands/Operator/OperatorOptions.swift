internal import ArgumentParser
internal import RACore
internal import RAKit

/// What the commands that move, stop and start instances have in common.
struct OperatorOptions: ParsableArguments {
    @Flag(name: .long, help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "Go on without a question.")
    var yes = false

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    init() {}

    func site() throws -> OperatorSite {
        do throws(ContextProblem) {
            return try OperatorSite.read(resource: choice.resource)
        } catch {
            throw refuse(error.description)
        }
    }

    func refuse(_ text: String) -> ExitCode { PgrexCommands.refuse(text, json: json) }

    /// A line for people; nothing beside JSON.
    func tell(_ text: String) { if !json { printOutput(text + "\n") } }

    func show(_ value: JSONValue) { if json { printOutput(value.text(isIndented: true) + "\n") } }

    /// Asks on a terminal; elsewhere only --yes confirms.
    func confirm() throws {
        if yes { return }
        guard Style.isInputTerminal, !json else {
            throw refuse("not confirmed: nothing was changed. HINT: --yes confirms.")
        }
        printOutput("Type yes to go on: ")
        guard readLine() == "yes" else { throw refuse("not confirmed: nothing was changed") }
    }

    /// What failed, on the error output; JSON has it as well.
    func fail(_ text: String, code: Int32) -> ExitCode {
        printError("pgrex-tool: \(text)\n")
        return ExitCode(code)
    }
}
