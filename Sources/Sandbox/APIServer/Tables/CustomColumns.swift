import Kubernetes

extension TableLayout {
  /// `additionalPrinterColumns` of a CustomResourceDefinition: the name, then those columns and no others; the name and
  /// the age where it lists none.
  static func custom(_ columns: [ServedResource.PrinterColumn]) -> TableLayout {
    if columns.isEmpty {
      return TableLayout(columns: [
        .name, TableColumn(name: "Age", type: "date", description: TableColumn.age.description),
      ]) {
        object, now in
        [.string(object.name), TableCell.age(object, now)]
      }
    }
    let headers = columns.map { column in
      TableColumn(
        name: column.name, type: column.type, format: column.format,
        description: column.description.isEmpty
          ? "Custom resource definition column (in JSONPath format): \(column.jsonPath)" : column.description,
        priority: column.priority)
    }
    let readers = columns.map { (path: try? JSONPath(parsing: $0.jsonPath), type: $0.type) }
    return TableLayout(columns: [.name] + headers) { object, now in
      [.string(object.name)] + readers.map { cell($0.path?.evaluate(object.json).first, type: $0.type, now: now) }
    }
  }

  /// A value as a cell of a column's type; null, which kubectl prints as nothing, where the value is missing or of
  /// another type.
  private static func cell(_ value: JSON?, type: String, now: Double) -> JSON {
    guard let value else { return .null }
    switch type {
    case "string": return .string(text(of: value))
    case "integer":
      switch value {
      case .int: return value
      case .double(let number): return number.magnitude < 9.2e18 ? .int(Int64(number)) : .null
      default: return .null
      }
    case "number": return value.doubleValue.map(JSON.double) ?? .null
    case "boolean": return value.boolValue.map(JSON.bool) ?? .null
    case "date":
      guard let text = value.stringValue else { return .null }
      if text.isEmpty { return "<unknown>" }
      return .string(Timestamp.secondsSince1970(text).map { HumanDuration.text(seconds: now - $0) } ?? "<invalid>")
    default: return .null
    }
  }

  private static func text(of value: JSON) -> String {
    switch value {
    case .string(let text): text
    case .null: "<no value>"
    default: value.text()
    }
  }
}
