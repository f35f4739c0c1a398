package postgres

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// answer implements relational.Rows: what a query found, read to the end, so that its connection is free for the next. Values are what
// database/sql's drivers give: int64, bool, []byte, string or nil.
type answer struct {
	rows [][]any
	at   int
}

// read reads the next answer of a batch.
func read(conn *pgx.Conn, results pgx.BatchResults) (*answer, error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	a := &answer{}
	for rows.Next() {
		fields, raw := rows.FieldDescriptions(), rows.RawValues()
		values := make([]any, len(raw))
		for i, field := range fields {
			if values[i], err = value(conn.TypeMap(), field.DataTypeOID, field.Format, raw[i]); err != nil {
				return nil, fmt.Errorf("the column %s cannot be read: %w", field.Name, err)
			}
		}
		a.rows = append(a.rows, values)
	}
	return a, rows.Err()
}

// value is one value of an answer; what it is made of does not outlive the row.
func value(types *pgtype.Map, oid uint32, format int16, raw []byte) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if format == pgtype.BinaryFormatCode {
		switch {
		case oid == pgtype.Int8OID && len(raw) == 8:
			return int64(binary.BigEndian.Uint64(raw)), nil
		case oid == pgtype.Int4OID && len(raw) == 4:
			return int64(int32(binary.BigEndian.Uint32(raw))), nil
		case oid == pgtype.Int2OID && len(raw) == 2:
			return int64(int16(binary.BigEndian.Uint16(raw))), nil
		case oid == pgtype.BoolOID && len(raw) == 1:
			return raw[0] != 0, nil
		case oid == pgtype.ByteaOID:
			return append([]byte{}, raw...), nil
		}
	}
	if oid == pgtype.TextOID || (format == pgtype.TextFormatCode && oid != pgtype.ByteaOID && oid != pgtype.BoolOID) {
		return string(raw), nil
	}
	var err error
	switch oid {
	case pgtype.ByteaOID:
		var into []byte
		err = types.Scan(oid, format, raw, &into)
		return into, err
	case pgtype.BoolOID:
		var into bool
		err = types.Scan(oid, format, raw, &into)
		return into, err
	}
	var into string
	err = types.Scan(oid, format, raw, &into)
	return into, err
}

// Next implements relational.Rows.
func (a *answer) Next() bool {
	a.at++
	return a.at <= len(a.rows)
}

// Scan implements relational.Rows.
func (a *answer) Scan(into ...any) error {
	values := a.rows[a.at-1]
	if len(values) != len(into) {
		return fmt.Errorf("%d columns were asked for and %d are there", len(into), len(values))
	}
	for i, target := range into {
		if err := assign(target, values[i]); err != nil {
			return fmt.Errorf("column %d cannot be read: %w", i, err)
		}
	}
	return nil
}

// Err implements relational.Rows.
func (a *answer) Err() error { return nil }

// Close implements relational.Rows.
func (a *answer) Close() error { return nil }

// assign puts a value where it is wanted, as database/sql does.
func assign(into, value any) error {
	if scanner, ok := into.(sql.Scanner); ok {
		return scanner.Scan(value)
	}
	if bytes, ok := into.(*[]byte); ok {
		switch v := value.(type) {
		case nil:
			*bytes = nil
		case []byte:
			*bytes = append([]byte{}, v...) // an answer may be given again
		case string:
			*bytes = []byte(v)
		default:
			return fmt.Errorf("%T is no bytes", value)
		}
		return nil
	}
	to := reflect.ValueOf(into)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("%T takes no value", into)
	}
	to = to.Elem()
	if value == nil {
		return fmt.Errorf("NULL is no %s", to.Type())
	}
	switch to.Kind() {
	case reflect.String:
		switch v := value.(type) {
		case string:
			to.SetString(v)
		case []byte:
			to.SetString(string(v))
		default:
			to.SetString(fmt.Sprint(v))
		}
		return nil
	case reflect.Bool:
		switch v := value.(type) {
		case bool:
			to.SetBool(v)
			return nil
		case int64:
			to.SetBool(v == 1)
			if v == 0 || v == 1 {
				return nil
			}
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := whole(value); ok && !to.OverflowInt(n) {
			to.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := whole(value); ok && n >= 0 && !to.OverflowUint(uint64(n)) {
			to.SetUint(uint64(n))
			return nil
		}
	}
	return fmt.Errorf("%v is no %s", value, to.Type())
}

// whole is the number that a value is; a sum comes as text.
func whole(value any) (int64, bool) {
	switch v := value.(type) {
	case int64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// keyOf tells a query with its parameters from all others.
func keyOf(query string, args []any) string {
	key := append(make([]byte, 0, len(query)+24*len(args)), query...)
	for _, arg := range args {
		key = append(key, 0)
		switch v := arg.(type) {
		case []byte:
			key = strconv.AppendInt(append(key, 'b'), int64(len(v)), 10)
			key = append(append(key, ':'), v...)
		case string:
			key = strconv.AppendInt(append(key, 's'), int64(len(v)), 10)
			key = append(append(key, ':'), v...)
		case int64:
			key = strconv.AppendInt(append(key, 'n'), v, 10)
		case uint64:
			key = strconv.AppendUint(append(key, 'n'), v, 10)
		default:
			key = fmt.Appendf(key, "o%T:%v", v, v)
		}
	}
	return string(key)
}
