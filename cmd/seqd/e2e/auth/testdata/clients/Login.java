import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

// Logs in with JDBC and takes a value: host port user password ca.
public class Login {
    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        p.setProperty("user", args[2]);
        p.setProperty("password", args[3]);
        p.setProperty("sslmode", "verify-full");
        p.setProperty("sslrootcert", args[4]);
        try (Connection c = DriverManager.getConnection("jdbc:postgresql://" + args[0] + ":" + args[1] + "/postgres", p);
                ResultSet r = c.createStatement().executeQuery("SELECT nextval('s')")) {
            r.next();
            System.out.println(r.getLong(1));
        } catch (SQLException e) {
            System.out.println(e.getSQLState() + " " + e.getMessage());
        }
    }
}
