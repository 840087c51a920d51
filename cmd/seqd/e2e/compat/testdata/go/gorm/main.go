// The program gorm works with GORM: migration, its look into the catalogs, transactions.
package main

import (
	"fmt"
	"sort"
	"time"

	"clients/report"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type Author struct {
	ID    uint
	Name  string `gorm:"size:30;not null;uniqueIndex;comment:who"`
	Books []Book `gorm:"constraint:OnDelete:CASCADE"`
}

type Book struct {
	ID        int64 `gorm:"primaryKey;autoIncrement"`
	AuthorID  uint
	Title     *string
	Price     float64 `gorm:"type:numeric(10,2);default:1.5;index:idx_price,sort:desc"`
	Sold      bool    `gorm:"default:false"`
	Key       string  `gorm:"type:uuid"`
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`
}

func main() {
	for _, simple := range []bool{false, true} {
		run(simple)
	}
}

func run(simple bool) {
	report.Section(fmt.Sprintf("sequences, simple protocol %t", simple))
	db, err := gorm.Open(postgres.New(postgres.Config{DSN: "sslmode=disable", PreferSimpleProtocol: simple}), &gorm.Config{Logger: logger.Discard, PrepareStmt: !simple})
	report.Must(err)
	pool, err := db.DB()
	report.Must(err)
	pool.SetMaxOpenConns(1)
	defer pool.Close()
	report.Must(db.Exec("CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2").Error)
	var n int64
	for range 3 {
		report.Must(db.Raw("SELECT nextval(?)", "s").Scan(&n).Error)
		fmt.Println(n)
	}
	report.Must(db.Raw("SELECT setval('s', ?, ?)", 100, false).Scan(&n).Error)
	var row map[string]any
	report.Must(db.Table("s").Take(&row).Error)
	fmt.Println(row)
	report.Section("errors and transactions")
	report.Failure("unknown", db.Exec("SELECT nextval('nosuch')").Error)
	report.Failure("exists", db.Exec("CREATE SEQUENCE s").Error)
	err = db.Transaction(func(tx *gorm.DB) error {
		report.Must(tx.Exec("CREATE SEQUENCE gone").Error)
		report.Failure("savepoint", tx.Transaction(func(tx *gorm.DB) error { return tx.Exec("SELECT nextval('nosuch')").Error }))
		report.Must(tx.Raw("SELECT nextval('gone')").Scan(&n).Error)
		return fmt.Errorf("back")
	})
	fmt.Println(err, n)
	report.Failure("gone", db.Exec("SELECT nextval('gone')").Error)
	report.Section("AutoMigrate and Migrator")
	m := db.Migrator()
	report.Must(db.AutoMigrate(&Author{}, &Book{}))
	report.Must(db.AutoMigrate(&Author{}, &Book{})) // finds everything there
	fmt.Println(m.CurrentDatabase() != "", m.HasTable("books"), m.HasTable("nosuch"), m.HasColumn(&Book{}, "title"), m.HasIndex(&Book{}, "idx_price"), m.HasConstraint(&Author{}, "Books"))
	tables, err := m.GetTables()
	report.Must(err)
	sort.Strings(tables)
	fmt.Println(tables)
	for _, t := range []any{&Author{}, &Book{}} {
		columns, err := m.ColumnTypes(t)
		report.Must(err)
		for _, c := range columns {
			length, _ := c.Length()
			precision, scale, _ := c.DecimalSize()
			null, _ := c.Nullable()
			key, _ := c.PrimaryKey()
			auto, _ := c.AutoIncrement()
			unique, _ := c.Unique()
			value, some := c.DefaultValue()
			comment, _ := c.Comment()
			whole, _ := c.ColumnType()
			fmt.Println(c.Name(), c.DatabaseTypeName(), whole, length, precision, scale, null, key, auto, unique, value, some, comment)
		}
		indexes, err := m.GetIndexes(t)
		report.Must(err)
		var lines []string
		for _, i := range indexes {
			unique, _ := i.Unique()
			key, _ := i.PrimaryKey()
			lines = append(lines, fmt.Sprint(i.Name(), i.Columns(), unique, key))
		}
		sort.Strings(lines)
		fmt.Println(lines)
	}
	report.Section("models")
	var authors []Author
	report.Must(db.Preload("Books").Where("name LIKE ?", "x%").Order("id DESC").Limit(3).Find(&authors).Error)
	var count int64
	report.Must(db.Model(&Book{}).Joins("JOIN authors ON authors.id = books.author_id").Where("sold = ?", true).Count(&count).Error)
	fmt.Println(len(authors), count, db.First(&Author{}, 1).Error, db.Clauses().Where("id IN ?", []int{1, 2}).Find(&authors).Error)
	report.Must(db.Raw("SELECT nextval(pg_get_serial_sequence('books', 'id'))").Scan(&n).Error)
	fmt.Println(n)
	report.Section("drop")
	report.Must(m.RenameColumn(&Book{}, "title", "name"))
	report.Must(m.DropColumn(&Book{}, "name"))
	report.Must(m.DropIndex(&Book{}, "idx_price"))
	report.Must(m.DropTable(&Book{}, &Author{}))
	report.Must(db.Exec("DROP SEQUENCE s").Error)
}
