/// Reads the output of `attrd_updater --query --all`: lines of `name="..." host="..." value="..."`.
public func parseNodeValues(_ text: String) -> [(node: String, value: String)] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
        guard let node = quotedValue("host", in: line), let value = quotedValue("value", in: line) else { return nil }
        return (node, value)
    }
}

/// The text between quotes after a key; no value of ours has a quote.
private func quotedValue(_ key: String, in line: Substring) -> String? {
    let opening = " \(key)=\""
    var rest = line
    while let blank = rest.firstIndex(of: " ") {
        rest = rest[blank...]
        if rest.hasPrefix(opening) {
            let value = rest.dropFirst(opening.count)
            return value.firstIndex(of: "\"").map { String(value[..<$0]) }
        }
        rest = rest.dropFirst()
    }
    return nil
}

/// The values of an attribute in the section `nodes` of a CIB.
public func parseNodeAttributes(_ bytes: [UInt8], name: String) throws(CIBError) -> [String] {
    var scanner = XMLScanner(bytes)
    var values: [String] = []
    do throws(XMLFault) {
        while let event = try scanner.next() {
            guard event == .start, scanner.isNamed("nvpair"), try scanner.attribute("name") == name,
                let value = try scanner.attribute("value")
            else { continue }
            values.append(value)
        }
    } catch {
        throw .malformed(error)
    }
    return values
}
