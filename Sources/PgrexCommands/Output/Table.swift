/// A table in plain text whose columns are as wide as their widest cell.
struct Table {
    enum Alignment { case left, right }

    struct Column {
        let title: String
        let alignment: Alignment
        /// Blanks between this column and the one before it.
        let gap: Int

        init(_ title: String, _ alignment: Alignment = .left, gap: Int = 2) {
            self.title = title
            self.alignment = alignment
            self.gap = gap
        }
    }

    struct Cell {
        var text: String
        var colour = Colour.none

        init(_ text: String, _ colour: Colour = .none) {
            self.text = text
            self.colour = colour
        }
    }

    let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func append(_ row: [Cell]) { rows.append(row) }

    /// Lines without blanks at their ends.
    func lines(_ style: Style) -> [String] {
        let all = [columns.map { Cell($0.title) }] + rows
        let widths = columns.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            var owed = 0
            for (column, cell) in row.enumerated() {
                let padding = widths[column] - cell.text.count
                if column > 0 { owed += columns[column].gap }
                if columns[column].alignment == .right { owed += padding }
                if !cell.text.isEmpty {
                    line += String(repeating: " ", count: owed) + style.paint(cell.text, cell.colour)
                    owed = 0
                }
                if columns[column].alignment == .left { owed += padding }
            }
            return line
        }
    }
}
